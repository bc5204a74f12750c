"""What a turn costs: our services beside Pipecat's own, and beside the pipeline alone.

    python -m benchmarks.services [--rounds N] [--json FILE]

Every service runs in the same kind of pipeline, in one process, against one mock server in a process of its
own. Measured is the CPU time of the process with the pipeline, so the server and the machine's other work do
not count. The floor is a processor in the service's place that pushes as many text frames as the service
does. The bare services (``benchmarks.bare_service``) only send, read, decode and push: no service can cost
less. Services take turns within a round, so that whatever slows the
machine slows all of them; printed are medians and quartiles over the rounds, and ratios of medians.

Two ways of arriving are measured, because they cost differently: all deltas at once, and each in a packet of
its own, a quarter of a millisecond apart.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pipecat_responses
from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.responses import llm as pipecat_own
from pipecat.workers.runner import WorkerRunner
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.bare_service import BareReader, BareService, BareStream

DELTAS = 2_000
PAUSE = 0.000_25
"""Seconds between two deltas that arrive one by one."""
TURNS_IN_A_ROW = 10
"""Turns that make one sample of what a turn costs: one alone is mostly cold caches."""
COMMAND = [sys.executable, "-c", "from mock_openai.cli import main; main()"]
MODEL = "gpt-4.1"
BARE = ["bare WS", "bare WS, in order", "bare WS, recv"]
"""Services that do little more than send, read, decode and push (``benchmarks.bare_service``)."""

SCRIPT = f"""
replies:
  - when: {{user: "stream"}}
    reply: [{{text: "word", deltas: {DELTAS}}}]
  - when: {{user: "short"}}
    reply: [{{text: "Yes.", deltas: 1}}]
"""


class Sink(FrameProcessor):
    """The end of the pipeline: counts text, and tells when an answer is over."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0
        self.over = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Count and pass on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            self.texts += 1
        elif isinstance(frame, LLMFullResponseEndFrame):
            self.over.set()
        await self.push_frame(frame, direction)


class Floor(FrameProcessor):
    """What stands in a service's place to find out what the pipeline itself costs."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context with text frames from nowhere."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for _ in range(DELTAS):
            await self.push_frame(LLMTextFrame("word"))
        await self.push_frame(LLMFullResponseEndFrame())


class Bench:
    """One pipeline with one service in it."""

    def __init__(self, service: FrameProcessor) -> None:
        self.sink = Sink()
        self.worker = PipelineWorker(
            Pipeline([service, self.sink]),
            params=PipelineParams(enable_metrics=False, send_initial_empty_metrics=False),
            cancel_on_idle_timeout=False,
            idle_timeout_secs=None,
            enable_rtvi=False,
            enable_turn_tracking=False,
        )
        self.runner = WorkerRunner(handle_sigint=False)
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Run the pipeline."""
        ready = asyncio.Event()
        self.worker.add_event_handler("on_pipeline_started", lambda *_: ready.set())
        await self.runner.add_workers(self.worker)
        self._running = asyncio.create_task(self.runner.run())
        await ready.wait()

    async def turn(self, context: LLMContext, deltas: int | None = None) -> float:
        """CPU seconds of one answer. Raises RuntimeError when it is not as long as it should be."""
        self.sink.texts = 0
        self.sink.over.clear()
        before = time.process_time()
        await self.worker.queue_frame(LLMContextFrame(context))
        await asyncio.wait_for(self.sink.over.wait(), 120)
        spent = time.process_time() - before
        if deltas is not None and self.sink.texts != deltas:
            raise RuntimeError(f"{self.sink.texts} text frames came, not {deltas}")
        return spent

    async def stop(self) -> None:
        """End the pipeline."""
        await self.worker.queue_frame(EndFrame())
        if self._running is not None:
            await self._running


@dataclass
class Address:
    """Where the server is."""

    base_url: str
    ws_url: str


@contextmanager
def mock_server(pace: str) -> Iterator[Address]:
    """A mock server in a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as script:
        script.write(SCRIPT)
        script.flush()
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--script", script.name, "--pace", pace],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            words = process.stdout.readline().replace(")", " ").split()
            base_url = next((word for word in words if word.startswith("http://")), "")
            if not base_url:
                raise RuntimeError("the mock server did not start")
            yield Address(base_url, base_url.replace("http://", "ws://") + "/responses")
        finally:
            process.terminate()
            process.wait()


def services(at: Address) -> dict[str, Callable[[], FrameProcessor]]:
    """What is compared. Both of a kind get the same arguments."""
    ws = {"api_key": "any", "ws_url": at.ws_url, "base_url": at.base_url}
    http = {"api_key": "any", "base_url": at.base_url}

    def settings(of: type) -> dict[str, object]:
        return {"settings": of.Settings(model=MODEL)}  # type: ignore[attr-defined]

    def make(of: type, arguments: dict[str, str]) -> Callable[[], FrameProcessor]:
        return lambda: of(**arguments, **settings(of))

    return {
        "floor": Floor,
        "bare WS": lambda: BareReader(url=at.ws_url, model=MODEL),
        "bare WS, in order": lambda: BareStream(url=at.ws_url, model=MODEL),
        "bare WS, recv": lambda: BareService(url=at.ws_url, model=MODEL),
        "Pipecat WS": make(pipecat_own.OpenAIResponsesLLMService, ws),
        "ours WS": make(pipecat_responses.OpenAIResponsesLLMService, ws),
        "Pipecat HTTP": make(pipecat_own.OpenAIResponsesHttpLLMService, http),
        "ours HTTP": make(pipecat_responses.OpenAIResponsesHttpLLMService, http),
    }


Spent = dict[str, list[float]]


async def compare(
    at: Address,
    names: list[str],
    rounds: int,
    once: Callable[[Bench], Awaitable[float]],
    tick: Callable[[], None],
) -> Spent:
    """CPU seconds of each in every round, in turns."""
    known = services(at)
    benches = {name: Bench(known[name]()) for name in names}
    for bench in benches.values():
        await bench.start()
    spent: Spent = {name: [] for name in names}
    for bench in benches.values():
        await once(bench)  # the first turn connects and imports
    for turn in range(rounds):
        order = names[turn % len(names) :] + names[: turn % len(names)]
        for name in order:
            spent[name].append(await once(benches[name]))
            tick()
    for bench in benches.values():
        await bench.stop()
    return spent


def question(word: str, messages: int = 1) -> LLMContext:
    """A conversation of so many messages that ends with a question."""
    talk = [
        {"role": ("user", "assistant")[n % 2], "content": f"{n} " + "so we went on and talked about it " * 6}
        for n in range(messages - 1)
    ]
    return LLMContext(messages=[*talk, {"role": "user", "content": word}])  # type: ignore[list-item]


async def per_delta(rounds: int, paced: bool, tick: Callable[[], None]) -> Spent:
    """Microseconds of CPU for each delta of a long answer."""
    floor = [] if paced else ["floor"]
    names = [*floor, *BARE, "Pipecat WS", "ours WS", "Pipecat HTTP", "ours HTTP"]
    with mock_server(f"fixed:{PAUSE}" if paced else "instant") as at:
        spent = await compare(at, names, rounds, lambda bench: bench.turn(question("stream"), DELTAS), tick)
    return {name: [seconds / DELTAS * 1e6 for seconds in times] for name, times in spent.items()}


async def per_turn(rounds: int, messages: int, tick: Callable[[], None]) -> Spent:
    """Milliseconds of CPU for a whole turn with a short answer, at the end of so many messages.

    Each turn is of another conversation, so that nothing can be continued: the whole of it is converted,
    encoded and sent.
    """
    names = [*BARE, "Pipecat WS", "ours WS", "Pipecat HTTP", "ours HTTP"]
    turns = iter(range(1_000_000))

    async def once(bench: Bench) -> float:
        contexts = []
        for _ in range(TURNS_IN_A_ROW):
            contexts.append(question("short", messages))
            contexts[-1].messages[0]["content"] = f"conversation {next(turns)}, short"  # type: ignore[index]
        gc.collect()
        gc.freeze()  # else whoever happens to be measured pays for looking through all that lives here
        return sum([await bench.turn(context) for context in contexts]) / TURNS_IN_A_ROW

    with mock_server("instant") as at:
        spent = await compare(at, names, rounds, once, tick)
    return {name: [seconds * 1e3 for seconds in times] for name, times in spent.items()}


@dataclass
class Measure:
    """One comparison: its name and unit, how it is made, and the most that ours may cost of Pipecat's."""

    title: str
    run: Callable[[int, Callable[[], None]], Coroutine[Any, Any, Spent]]
    turns: int
    above_floor: bool
    most: dict[str, float]


MEASURES = {
    "burst": Measure(
        "us a delta, all at once", lambda n, t: per_delta(n, False, t), 8, True, {"WS": 1 / 3, "HTTP": 1 / 6}
    ),
    "paced": Measure("us a delta, one by one", lambda n, t: per_delta(n, True, t), 7, False, {}),
    "turn500": Measure(
        "ms a turn, 500 messages", lambda n, t: per_turn(n, 500, t), 7, False, {"WS": 1 / 2, "HTTP": 1 / 20}
    ),
    "turn2000": Measure(
        "ms a turn, 2000 messages", lambda n, t: per_turn(n, 2000, t), 7, False, {"WS": 1 / 2, "HTTP": 1 / 20}
    ),
}


def show(console: Console, measure: Measure, spent: Spent) -> dict[str, float]:
    """Print one table; return the ratios."""
    middle = {name: statistics.median(times) for name, times in spent.items()}
    table = Table(title=measure.title, title_justify="left")
    for column in ("", "median", "quartiles", *(("above floor",) if measure.above_floor else ())):
        table.add_column(column, justify="left" if not column else "right")
    floor = middle.get("floor", 0.0)
    for name, times in spent.items():
        low, _, high = statistics.quantiles(times, n=4) if len(times) > 1 else (times[0],) * 3
        row = [name, f"{middle[name]:.2f}", f"{low:.2f}-{high:.2f}"]
        table.add_row(*row, *((f"{middle[name] - floor:.2f}",) if measure.above_floor else ()))
    console.print(table)
    ratios = {}
    for kind in ("WS", "HTTP"):
        pipecat = middle[f"Pipecat {kind}"] - floor
        ratios[kind] = (middle[f"ours {kind}"] - floor) / pipecat
        line = f"  {kind}: ours / Pipecat's = {ratios[kind]:.2f}"
        for bare in BARE if kind == "WS" else ():
            ratios[bare] = (middle[bare] - floor) / pipecat
            line += f"   {bare}: {ratios[bare]:.2f}"
        if (most := measure.most.get(kind)) is not None:
            line += f"   target at most {most:.2f}: {'reached' if ratios[kind] <= most else 'missed'}"
        console.print(line)
    return ratios


def main() -> None:
    """Measure, print and, where asked, write the numbers down."""
    parser = argparse.ArgumentParser(description="CPU cost of our services beside Pipecat's.")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each comparison (default 15)")
    parser.add_argument(
        "--only", choices=MEASURES, action="append", help="only this comparison; may be repeated"
    )
    parser.add_argument("--json", type=Path, help="write every number to this file")
    arguments = parser.parse_args()
    logger.remove()
    console = Console()
    written = {}
    chosen = {name: MEASURES[name] for name in arguments.only or MEASURES}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for name, measure in chosen.items():
            task = progress.add_task(measure.title, total=arguments.rounds * measure.turns)
            spent = asyncio.run(measure.run(arguments.rounds, partial(progress.advance, task)))
            progress.remove_task(task)
            written[name] = {"spent": spent, "ratios": show(console, measure, spent)}
    if arguments.json:
        arguments.json.write_text(json.dumps(written, indent=1))


if __name__ == "__main__":
    main()
