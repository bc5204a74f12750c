"""What the recorder costs: the same turns straight to a server and through the recording proxy.

    python -m benchmarks.proxy [--rounds N] [--json FILE]

The mock server, the recorder (`ninelives record`, as a user starts it) and the client each have a process of
their own. Both ways take turns within a round, so that whatever slows the machine slows both. Printed are the
medians and quartiles of the delay until the first event, what the proxy adds to it, and events a second with
long answers that leave the server all at once, the worst case for a recorder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

EVENTS = 2_008
SCRIPT = """
replies:
  - when: {user: "long"}
    reply: [{text: "word", deltas: 2000}]
  - when: {user: "short"}
    reply: [{text: "Yes.", deltas: 1}]
"""
ASKED = {"model": "gpt-4.1", "stream": True, "store": False}
Once = Callable[[aiohttp.ClientSession, str, str], Coroutine[Any, Any, float]]


def _free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(name: str, *arguments: str, until: str) -> Iterator[None]:
    """A command in a process of its own, from the moment it says that it is ready."""
    code = f"from {name} import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        if not any(until in line for line in process.stdout):
            raise RuntimeError(f"{name} did not start")
        yield
    finally:
        process.terminate()
        process.communicate()


async def first_event_sse(session: aiohttp.ClientSession, base: str, word: str) -> float:
    """Seconds from the request to the first event."""
    began = time.perf_counter()
    async with session.post(f"{base}/responses", json={**ASKED, "input": word}) as answer:
        await answer.content.readany()
        took = time.perf_counter() - began
        await answer.read()
    return took


async def first_event_ws(session: aiohttp.ClientSession, base: str, word: str) -> float:
    """The same over an open WebSocket."""
    async with session.ws_connect(f"{base}/responses", max_msg_size=0) as socket:
        began = time.perf_counter()
        await socket.send_json({"type": "response.create", **ASKED, "input": word})
        await socket.receive()
        took = time.perf_counter() - began
        while '"response.completed"' not in (await socket.receive_str())[:40]:
            pass
    return took


async def whole_sse(session: aiohttp.ClientSession, base: str, word: str) -> float:
    """Seconds for a whole long answer."""
    began = time.perf_counter()
    async with session.post(f"{base}/responses", json={**ASKED, "input": word}) as answer:
        await answer.read()
    return time.perf_counter() - began


async def whole_ws(session: aiohttp.ClientSession, base: str, word: str) -> float:
    """The same over a WebSocket."""
    async with session.ws_connect(f"{base}/responses", max_msg_size=0) as socket:
        began = time.perf_counter()
        await socket.send_json({"type": "response.create", **ASKED, "input": word})
        while '"response.completed"' not in (await socket.receive_str())[:40]:
            pass
        return time.perf_counter() - began


MEASURES: dict[str, tuple[Once, str, int]] = {
    "first event, SSE": (first_event_sse, "short", 40),
    "first event, WebSocket": (first_event_ws, "short", 40),
    "long answer, SSE": (whole_sse, "long", 2),
    "long answer, WebSocket": (whole_ws, "long", 2),
}


async def measure(
    ways: dict[str, str], rounds: int, tick: Callable[[], None]
) -> dict[str, dict[str, list[float]]]:
    """Seconds of every turn, by measure and way."""
    taken: dict[str, dict[str, list[float]]] = {name: {way: [] for way in ways} for name in MEASURES}
    async with aiohttp.ClientSession() as session:
        for turn in range(rounds + 1):
            for name, (once, word, times) in MEASURES.items():
                for way in sorted(ways, reverse=bool(turn % 2)):
                    got = [await once(session, ways[way], word) for _ in range(times)]
                    if turn:  # the first round connects, imports and fills caches
                        taken[name][way] += got
            tick()
    return taken


def show(console: Console, taken: dict[str, dict[str, list[float]]]) -> None:
    """Print the table, and whether the proxy adds less than a millisecond."""
    table = Table()
    for column in ("", "straight", "recorded", "added"):
        table.add_column(column, justify="left" if not column else "right")
    for name, ways in taken.items():
        straight, recorded = ways["straight"], ways["recorded"]
        if name.startswith("first"):
            cells = [_spread([s * 1e3 for s in straight], "ms"), _spread([s * 1e3 for s in recorded], "ms")]
            added = (statistics.median(recorded) - statistics.median(straight)) * 1e3
            cells.append(f"{added:+.2f} ms")
        else:
            rates = [[EVENTS / s / 1e3 for s in way] for way in (straight, recorded)]
            cells = [_spread(each, "k events/s") for each in rates]
            cells.append(f"{statistics.median(rates[1]) / statistics.median(rates[0]):.2f} of it")
        table.add_row(name, *cells)
    console.print(table)


def _spread(values: list[float], unit: str) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f}-{high:.2f}) {unit}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What recording costs.")
    parser.add_argument("--rounds", type=int, default=10, help="rounds (default 10)")
    parser.add_argument("--json", type=Path, help="write every number to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.yaml"
        script.write_text(SCRIPT)
        server, proxy = _free_port(), _free_port()
        serving = running(
            "mock_openai.cli", "serve", "--port", str(server), "--script", str(script), until="is ready"
        )
        recording = running(
            "ninelives.cli",
            *("record", "--upstream", f"http://127.0.0.1:{server}", "--port", str(proxy)),
            *("--cassette", str(Path(folder) / "bench.jsonl")),
            until=f":{proxy}",
        )
        ways = {
            "straight": f"http://127.0.0.1:{server}/v1",
            "recorded": f"http://127.0.0.1:{proxy}/v1",
        }
        with serving, recording, Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("recording", total=arguments.rounds + 1)
            taken = asyncio.run(measure(ways, arguments.rounds, lambda: progress.advance(task)))
    show(Console(), taken)
    if arguments.json:
        arguments.json.write_text(json.dumps(taken, indent=1))


if __name__ == "__main__":
    main()
