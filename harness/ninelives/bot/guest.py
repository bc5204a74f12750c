"""A user's whole bot, unchanged but for its URL: invited in, and held at the moment at which it would run.

Pipecat's examples build services, a pipeline and a worker in one function, and end by running it. Here the
function is called with nobody on the line, its worker is caught as its runner would start, and its processors
are taken over without transports, speech recognition and voice: a test takes their place. What the bot does
when somebody connects happens too.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.pipeline.pipeline import Pipeline, PipelineSink, PipelineSource
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from ninelives.bot.arguments import arguments_for, name_of, transports_are
from ninelives.bot.environment import started_as
from ninelives.bot.starting import Exited
from ninelives.complaint import Complaint

TO_RUN = 30.0
"""Seconds on the loop's clock within which a bot must have come so far as to run its pipeline."""

TO_LEAVE = 5.0
"""Seconds for a bot to clear up behind itself."""

_ANY_CLIENT = "nobody"


class Nobody(FrameProcessor):
    """Stands where a transport listens or speaks, and lets everything pass."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let it pass."""
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class DeadLine(BaseTransport):
    """A transport with nobody at the other end, on which any event may be awaited."""

    def __init__(self) -> None:
        super().__init__()
        self._ends = Nobody(name="nobody speaks"), Nobody(name="nobody listens")

    def input(self) -> FrameProcessor:
        """Where a caller would speak."""
        return self._ends[0]

    def output(self) -> FrameProcessor:
        """Where a caller would listen."""
        return self._ends[1]

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Take a handler for any event, whichever transport has it."""
        if event_name not in self._event_handlers:
            self._register_event_handler(event_name)
        super().add_event_handler(event_name, handler)

    async def ring(self) -> None:
        """Somebody connects."""
        for event in ("on_client_connected", "on_first_participant_joined", "on_participant_joined"):
            if event in self._event_handlers:
                await self._call_event_handler(event, _ANY_CLIENT)
                return


@dataclass
class Guest:
    """A bot that was caught before it ran."""

    processors: Sequence[FrameProcessor]
    """Its pipeline, without ears and mouth."""
    worker: PipelineWorker | None = None
    """Its own worker, which never runs; the bot's event handlers send their frames to it."""
    line: DeadLine | None = None
    """What it takes for its transport."""
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _running: asyncio.Task[Any] | None = None

    async def begin(self, worker: PipelineWorker) -> None:
        """The pipeline runs, in another worker: whatever is sent to the bot's own goes there, and somebody
        connects.
        """
        if self.worker is not None:
            self.worker.queue_frame = worker.queue_frame  # type: ignore[method-assign]
            self.worker.queue_frames = worker.queue_frames  # type: ignore[method-assign]
        if self.line is not None:
            await self.line.ring()

    async def leave(self) -> None:
        """Let the bot's own function come to its end."""
        self._over.set()
        if self._running is not None:
            await asyncio.wait([self._running], timeout=TO_LEAVE)
            self._running.cancel()


def offline(pipeline: PipelineWorker | Pipeline | Iterable[FrameProcessor]) -> list[FrameProcessor]:
    """A pipeline's processors in order, without transports, speech recognition, voice and RTVI."""
    if isinstance(pipeline, PipelineWorker):
        return offline([pipeline.pipeline])
    return [each for each in _flat(pipeline) if not isinstance(each, _NOT_HERE)]


_NOT_HERE = (Nobody, BaseInputTransport, BaseOutputTransport, STTService, TTSService, RTVIProcessor)


def _flat(pipeline: Pipeline | Iterable[FrameProcessor]) -> Iterator[FrameProcessor]:
    inside = pipeline.processors if isinstance(pipeline, Pipeline) else pipeline
    for each in inside:
        if type(each) is Pipeline:
            yield from _flat(each)
        elif not isinstance(each, PipelineSource | PipelineSink):
            yield each


async def invite(function: Callable[..., Any], base_url: str, ws_url: str, name: str = "") -> Any:
    """Call a function that builds or runs a bot; give what it builds, or the Guest it would have run.

    It is given what it asks for by name (`base_url`, `ws_url`, `transport`, `runner_args`), and finds the
    addresses in OPENAI_BASE_URL and OPENAI_WS_URL too, which the caller sets. `name` is what messages call
    it. Raises Complaint when it asks for anything else or runs nothing, Exited when it ends the process, and
    what it raises.
    """
    name = name or name_of(function)
    line = DeadLine()
    known = {
        "base_url": base_url,
        "ws_url": ws_url,
        "transport": line,
        "runner_args": (arguments := _arguments()),
        "args": arguments,
    }
    given = arguments_for(function, name, known)
    script = inspect.getsourcefile(inspect.unwrap(function)) or name
    with _caught_runs() as caught, transports_are(function, line), started_as(script):
        try:
            made = function(**given)
        except SystemExit as error:
            raise Exited(error) from None
        if not inspect.isawaitable(made):
            return made
        running = asyncio.ensure_future(_awaited(made))
        run = asyncio.ensure_future(caught.wait())
        await asyncio.wait([running, run], timeout=TO_RUN, return_when=asyncio.FIRST_COMPLETED)
        run.cancel()
    if running.done():
        if (made := running.result()) is None:
            raise Complaint(f"{name} came to its end without running a pipeline; {_ENDINGS}")
        return made
    if caught.worker is None:
        running.cancel()
        why = "runs no pipeline worker" if caught.ran else f"ran no pipeline within {TO_RUN:g} s"
        raise Complaint(f"{name} {why}; {_ENDINGS}")
    return Guest(offline(caught.worker), caught.worker, line, caught.over, running)


_ENDINGS = "expected it to end with `await runner.run()` on a WorkerRunner, or to return its pipeline"


async def _awaited(made: Awaitable[Any]) -> Any:
    try:
        return await made
    except SystemExit as error:  # asyncio would end the loop with it
        raise Exited(error) from None


def _arguments() -> RunnerArguments:
    arguments = RunnerArguments()
    arguments.pipeline_idle_timeout_secs = None
    return arguments


class _Caught:
    """The worker that a bot wanted to run."""

    def __init__(self) -> None:
        self.worker: PipelineWorker | None = None
        self.ran = False
        """Whether a runner ran anything at all."""
        self.over = asyncio.Event()
        self._come = asyncio.Event()

    async def wait(self) -> None:
        """Wait until one has come."""
        await self._come.wait()

    async def run(self, workers: Iterable[Any]) -> None:
        """Take the place of a runner, until the test is over."""
        self.ran = True
        self.worker = next((each for each in workers if isinstance(each, PipelineWorker)), None)
        self._come.set()
        await self.over.wait()


@contextmanager
def _caught_runs() -> Iterator[_Caught]:
    """For a while no runner runs anything."""
    caught = _Caught()
    added: dict[int, list[Any]] = {}
    add, run = WorkerRunner.add_workers, WorkerRunner.run

    async def adding(self: WorkerRunner, *workers: Any) -> None:
        added.setdefault(id(self), []).extend(workers)

    async def running(self: WorkerRunner, worker: Any = None, **_: Any) -> None:
        await caught.run([*added.get(id(self), []), worker])

    WorkerRunner.add_workers, WorkerRunner.run = adding, running  # type: ignore[method-assign]
    try:
        yield caught
    finally:
        WorkerRunner.add_workers, WorkerRunner.run = add, run  # type: ignore[method-assign]
