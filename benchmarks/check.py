"""What the tests do not judge: how long a few things take, as ratios to a calibration loop in the same run.

Processor time of the thing divided by that of a fixed Python loop, the best of several rounds that take
turns. A slow or busy machine slows both, so the ratio and its limit hold on any machine. Exit code 1 when a
limit is broken.
"""

from __future__ import annotations

import asyncio
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROUNDS = 7
_HEADER = '{"ninelives":1,"recorded":"2026-11-24T09:00:00Z","upstream":"https://api.openai.com","tool":"t"}\n'
_HEAD = (
    '{"t":0,"c":1,"k":"request","method":"POST","path":"/v1/responses","body":{"model":"m"}}\n'
    '{"t":3,"c":1,"k":"response","status":200,"headers":{"content-type":"text/event-stream"}}\n'
)
_DELTA = (
    '{"t":4,"c":1,"k":"event","data":{"type":"response.output_text.delta","delta":" so","item_id":"msg_1",'
    '"logprobs":[],"obfuscation":"abcdefghijklm","output_index":0,"sequence_number":4}}\n'
)


@dataclass(frozen=True, slots=True)
class Measure:
    """Something to run, and how many calibration loops it may cost."""

    name: str
    work: Callable[[], object]
    limit: float


def calibration() -> int:
    """A fixed amount of interpreted work, about 50 ms on the machine this was written on."""
    total = 0
    for number in range(1_000_000):
        total += number & 7
    return total


def spent(work: Callable[[], object]) -> float:
    """Processor seconds of this process and of the children it waited for."""

    def now() -> float:
        own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime

    began = now()
    work()
    return now() - began


def _python(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def _fresh_servers() -> None:
    from mock_openai import MockServer

    async def cycles() -> None:
        for _ in range(50):
            async with MockServer(script=["Hello."]):
                pass

    asyncio.run(cycles())


def _hour() -> None:
    from mock_openai import MockServer, reply
    from ninelives import virtual
    from ninelives.bot import Bot
    from pipecat_responses import OpenAIResponsesLLMService

    async def hour() -> None:
        async with MockServer(script=[reply("Once upon a time.")]) as server:
            service = OpenAIResponsesLLMService(api_key="any", base_url=server.base_url, ws_url=server.ws_url)
            async with Bot(service) as bot:
                for _ in range(4):
                    await bot.say("Tell me a story")
                    await bot.wait(900)

    virtual.run(hour())


def measures(folder: Path) -> list[Measure]:
    """What is measured. The limits are about twice what was measured when they were written."""
    from mock_openai.protocol import tokens
    from mock_openai.responders.schema_generator import instance
    from ninelives.cassette import Cassette

    cassette = folder / "a.jsonl"
    cassette.write_text(_HEADER + _HEAD + _DELTA * 20_000 + '{"t":9,"c":1,"k":"end"}\n')
    hostile = {"enum": ["a" * 5000 + "!"], "pattern": "^(a|a)*$"}
    nested = {"$ref": "#/$defs/a"}
    endless = {"$defs": {"a": {"allOf": [nested] * 5}}, **nested}
    demo = [sys.executable, "-m", "ninelives", "demo", "--out", str(folder / "demo")]
    return [
        Measure("import mock_openai", lambda: _python("import mock_openai"), 2),
        Measure("50 fresh servers", _fresh_servers, 1),
        Measure("load 20,000 events of a cassette", lambda: Cassette.load(cassette), 1.5),
        Measure("a hostile pattern", lambda: instance(hostile, random.Random(1)), 2),
        Measure("a schema without an end", lambda: instance(endless, random.Random(1)), 5),
        Measure("a text in 20,000 pieces", lambda: tokens.exactly("a short text", 20_000), 1),
        Measure("an hour of conversation in virtual time", _hour, 10),
        Measure("ninelives demo", lambda: subprocess.run(demo, check=True, capture_output=True), 250),
    ]


def main() -> int:
    """Measure, print a table, and return the exit code."""
    from loguru import logger

    logger.remove()  # Pipecat's log costs more than what is measured
    console = Console()
    table = Table("", "loops", "at most", "")
    broken = 0
    with tempfile.TemporaryDirectory() as folder, console.status("measuring") as status:
        for measure in measures(Path(folder)):
            status.update(measure.name)
            measure.work()  # imports, caches
            ratios: list[float] = []
            until = time.monotonic() + 20
            while len(ratios) < ROUNDS and (time.monotonic() < until or not ratios):
                loop = spent(calibration)
                ratios.append(spent(measure.work) / loop)
            held = min(ratios) <= measure.limit
            broken += not held
            table.add_row(measure.name, f"{min(ratios):.2f}", f"{measure.limit:g}", "" if held else "broken")
    console.print(table)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
