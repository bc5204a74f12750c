"""Whether the server stays as fast when there is more of everything: rules, stored responses, open sockets,
and the messages of a conversation.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks.contestants import Contestant, ask, ours
from benchmarks.turns import HANDSHAKE, Load

NAMES = ("rules", "stored", "sockets", "conversation")
SHORT = Load("json", "short-reply", 1)
_STORED = 100_000
_SOCKETS = 5_000
_FLAT = 1.5
"""What counts as flat: with a thousand times as many, no more than so many times the cost."""


def measure(only: str | None, rounds: int, console: Console) -> list[dict[str, object]]:
    """Measure growth; the ratio is that of processor time for one request with many to that with few."""
    rows: list[dict[str, object]] = []
    measures: dict[str, Callable[[Path, int], list[dict[str, object]]]] = {
        "rules": _rules,
        "stored": _stored,
        "sockets": _sockets,
        "conversation": _conversation,
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, one in measures.items():
            if only in (None, name):
                with console.status(f"flat: {name}"):
                    rows += one(Path(folder), rounds)
    return rows


def _rules(work: Path, rounds: int) -> list[dict[str, object]]:
    few, many = ours(work), ours(work, rules=1000)
    try:
        return [_grown("rules", "ms a request, 1,000 rules : 1", few, many, rounds)]
    finally:
        few.stop()
        many.stop()


def _stored(work: Path, rounds: int) -> list[dict[str, object]]:
    few, many = ours(work), ours(work)
    try:
        _cost(few, 0.01, Load("json", "short-reply", 10))
        kept = 0
        while kept < _STORED:
            kept += int(ask(many, Load("ws", "short-reply", 8), 5.0)["turns"])
        return [_grown("stored", f"ms a request, {kept:,} stored responses : 10", few, many, rounds)]
    finally:
        few.stop()
        many.stop()


def _sockets(work: Path, rounds: int) -> list[dict[str, object]]:
    few, many = ours(work), ours(work)
    try:
        return asyncio.run(_with_sockets(few, many, rounds))
    finally:
        few.stop()
        many.stop()


async def _with_sockets(few: Contestant, many: Contestant, rounds: int) -> list[dict[str, object]]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = many.memory
    open_now = [await _open(few) for _ in range(10)] + [await _open(many) for _ in range(_SOCKETS)]
    each = 1024 * (many.memory - before) / _SOCKETS
    row = await asyncio.to_thread(
        _grown, "sockets", f"ms a request, {_SOCKETS:,} idle sockets : 10", few, many, rounds
    )
    for writer in open_now:
        writer.close()
    memory: dict[str, object] = {
        "measure": "sockets",
        "unit": "KB of the server's memory for an idle socket",
        "server": "ninelives",
        "median": each,
    }
    return [row, memory]


async def _open(server: Contestant) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    return writer


def _conversation(work: Path, rounds: int) -> list[dict[str, object]]:
    server = ours(work)
    try:
        costs = {
            length: statistics.median(
                _cost(server, 0.5, Load("json", "short-reply", 1, length, fresh=True)) for _ in range(rounds)
            )
            for length in (10, 100, 1000)
        }
    finally:
        server.stop()
    # Linear: ten times the messages cost at most ten times as much, whatever the fixed part is.
    growth = (costs[1000] - costs[100]) / max(costs[100] - costs[10], 1e-9) / 10
    rows: list[dict[str, object]] = [
        {
            "measure": "conversation",
            "unit": f"cpu ms a request with {length} messages",
            "server": "ninelives",
            "median": cost,
        }
        for length, cost in costs.items()
    ]
    rows[-1] |= {"target": "at most linear", "held": growth <= _FLAT}
    return rows


def _grown(name: str, unit: str, few: Contestant, many: Contestant, rounds: int) -> dict[str, object]:
    pairs = [(_cost(few, 0.5), _cost(many, 0.5)) for _ in range(rounds)]
    ratios = sorted(large / small for small, large in pairs)
    median = statistics.median(ratios)
    return {
        "measure": name,
        "unit": unit,
        "server": "ninelives",
        "median": statistics.median(large for _, large in pairs),
        "ours_to_it": {
            "median": median,
            "low": ratios[len(ratios) // 4],
            "high": ratios[-1 - len(ratios) // 4],
        },
        "target": f"at most {_FLAT:g}",
        "held": median <= _FLAT,
    }


def _cost(server: Contestant, seconds: float, load: Load = SHORT) -> float:
    """Give the milliseconds of processor time for one request."""
    result = ask(server, load, seconds)
    return 1000 * result["cpu"] / max(result["turns"], 1)
