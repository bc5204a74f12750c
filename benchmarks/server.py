"""How fast the mock server is: beside aimock, beside a bare server that writes the same bytes, and flat.

Usage: python -m benchmarks.server [--only NAME] [--rounds N] [--seconds S] [--json FILE]
Every round asks all servers for the same thing one after another, so that whatever else the machine does
meets them alike; what counts is the ratio within a round, given as its median and quartiles over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import cold, flat
from benchmarks.contestants import Contestant, aimock, ask, bare, ours
from benchmarks.turns import Load

console = Console(width=None if sys.stdout.isatty() else 160)


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is measured with every server."""

    name: str
    unit: str
    load: Load
    least: float | None = None
    """At least so many times aimock's (rates)."""
    most: float | None = None
    """At most so many times aimock's (times)."""


MEASURES = (
    Measure("sse", "events/s, 208-event SSE replies", Load("sse", "long-reply", 4), least=4.0),
    Measure("ws", "turns/s, 208-event WebSocket replies", Load("ws", "long-reply", 4), least=4.0),
    Measure("ws-short", "turns/s, 9-event WebSocket replies", Load("ws", "short-reply", 4), least=1.5),
    Measure(
        "ws-fresh",
        "turns/s, 9-event WebSocket replies, a new prompt each time",
        Load("ws", "short-reply", 4, fresh=True),
        least=1.0,
    ),
    Measure(
        "ws-chain",
        "turns/s, 9-event WebSocket replies, a new prompt each time, in chains of 700 turns",
        Load("ws", "short-reply", 4, fresh=True, chain=700),
        least=1.0,
    ),
    Measure("json", "requests/s, plain JSON", Load("json", "short-reply", 32), least=1.2),
    Measure(
        "fresh",
        "requests/s, plain JSON, a new prompt each time",
        Load("json", "short-reply", 32, fresh=True),
        least=1.0,
    ),
    Measure("first", "ms to the first delta, one client", Load("sse", "short-reply", 1), most=0.4),
)
LIMIT = 1 / 3
"""What the bare server's rates are to be reached at least."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A ratio over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Give median and quartiles."""
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def compare(rounds: int, seconds: float, only: str | None) -> list[dict[str, object]]:
    """Run every measure with every server, round by round."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        servers = [ours(work)]
        try:
            idle = {servers[0].name: servers[0].memory}
            other = aimock(work)
            if isinstance(other, str):
                console.print(f"aimock is left out: {other}")
            else:
                servers.append(other)
                idle[other.name] = other.memory
            servers.append(bare(work, servers[0]))
            for measure in MEASURES:
                if only in (None, "compare", measure.name):
                    rows += _measure(measure, servers, rounds, seconds)
        finally:
            for server in servers:
                server.stop()
        if only in (None, "compare", "memory"):
            rows += _memory(idle, work)
    return rows


def _measure(
    measure: Measure, servers: list[Contestant], rounds: int, seconds: float
) -> list[dict[str, object]]:
    values: dict[str, list[float]] = {server.name: [] for server in servers}
    costs: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(rounds):
        for server in servers:
            with console.status(f"{measure.name}: round {number + 1} of {rounds}, {server.name}"):
                result = ask(server, measure.load, seconds)
            costs[server.name].append(1000 * result["cpu"] / max(result["turns"], 1))
            if measure.most is not None:
                values[server.name].append(1000 * result["first"])
            else:
                values[server.name].append(result["turns"] * measure.load.events / result["seconds"])
            if measure.load.way == "ws":
                values[server.name][-1] = result["turns"] / result["seconds"]
    rows: list[dict[str, object]] = []
    own, cost = values[servers[0].name], costs[servers[0].name]
    for server in servers:
        row: dict[str, object] = {
            "measure": measure.name,
            "unit": measure.unit,
            "server": server.name,
            "median": statistics.median(values[server.name]),
            "best": (min if measure.most else max)(values[server.name]),
            "cpu_ms_a_turn": statistics.median(costs[server.name]),
        }
        if server is not servers[0]:
            ratios = [mine / theirs for mine, theirs in zip(own, values[server.name], strict=True)]
            row["ours_to_it"] = asdict(Spread.of(ratios))
            spent = [mine / theirs for mine, theirs in zip(cost, costs[server.name], strict=True) if theirs]
            row["cpu_ours_to_it"] = asdict(Spread.of(spent or [float("nan")]))
            row["target"] = _target(measure, server.name)
            row["held"] = _held(measure, server.name, Spread.of(ratios).median)
        rows.append(row)
    return rows


def _target(measure: Measure, name: str) -> str:
    if measure.least is None and measure.most is None:
        return ""
    if name == "bare":
        return "" if measure.most else "at least a third"
    return f"at least {measure.least:g}" if measure.least else f"at most {measure.most:g}"


def _held(measure: Measure, name: str, ratio: float) -> bool | None:
    if measure.least is None and measure.most is None:
        return None
    if name == "bare":
        return None if measure.most else ratio >= LIMIT
    return ratio >= measure.least if measure.least else ratio <= (measure.most or 0)


def _memory(idle: dict[str, float], work: Path) -> list[dict[str, object]]:
    """Measure memory before any turn, and after each of several numbers of turns, the same for both servers:
    who answers twice as many in a second also keeps twice as many.
    """
    own = next(iter(idle))
    rows = _compared("MB, idle, nothing asked yet", idle, own)
    held: dict[int, dict[str, float]] = {turns: {} for turns in TURNS}
    for name in idle:
        server = ours(work) if name == own else aimock(work)
        assert isinstance(server, Contestant), "it was there before"
        try:
            asked = 0
            for turns in TURNS:
                for load in MIXED:
                    with console.status(f"memory: {name}, {turns} turns"):
                        share = (turns - asked) // len(MIXED) // load.connections * load.connections
                        ask(server, replace(load, turns=share), 0)
                asked = turns
                held[turns][name] = server.memory
        finally:
            server.stop()
    for turns in TURNS:
        rows += _compared(f"MB, after {turns:,} turns", held[turns], own)
    return rows


TURNS = (5_000, 50_000)
"""After so many turns memory is measured."""
MIXED = (
    Load("ws", "short-reply", 4, fresh=True),
    Load("ws", "short-reply", 4),
    Load("sse", "long-reply", 4, fresh=True),
    Load("sse", "long-reply", 4),
    Load("json", "short-reply", 25, fresh=True),
    Load("json", "short-reply", 25),
)
"""What they consist of, to equal parts."""


def _compared(unit: str, held: dict[str, float], own: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, megabytes in held.items():
        row: dict[str, object] = {"measure": "memory", "unit": unit, "server": name, "median": megabytes}
        if name != own:
            ratio = held[own] / megabytes
            row["ours_to_it"] = asdict(Spread(ratio, ratio, ratio))
            row |= {"target": "at most 1", "held": ratio <= 1}
        rows.append(row)
    return rows


def show(rows: list[dict[str, object]]) -> None:
    """Print the rows as a table."""
    table = Table(box=None, pad_edge=False)
    for column in (
        "",
        "server",
        "median",
        "best",
        "ours : it, quartiles",
        "target",
        "",
        "cpu ms/turn",
        "ours : it",
    ):
        table.add_column(column)
    last = None
    for row in rows:
        spread, spent = row.get("ours_to_it"), row.get("cpu_ours_to_it")
        held = row.get("held")
        table.add_row(
            str(row["unit"]) if row["unit"] != last else "",
            str(row["server"]),
            f"{row['median']:,.4g}",
            f"{row['best']:,.4g}" if "best" in row else "",
            str(Spread(**spread)) if isinstance(spread, dict) else "",
            str(row.get("target", "")),
            {True: "[green]held[/]", False: "[red]missed[/]"}.get(held, "") if isinstance(held, bool) else "",
            f"{row['cpu_ms_a_turn']:.3f}" if "cpu_ms_a_turn" in row else "",
            str(Spread(**spent)) if isinstance(spent, dict) else "",
        )
        last = row["unit"]
    console.print(table)


def main() -> None:
    """Run the command."""
    names = [*(measure.name for measure in MEASURES), "memory", "cold", *flat.NAMES]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*names, "compare", "flat"], help="one measure, or one group")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--json", type=Path, help="write the results here too")
    given = parser.parse_args()
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {given.rounds} rounds")
    rows: list[dict[str, object]] = []
    grouped = {"cold", "flat", *flat.NAMES}
    if given.only not in grouped:
        rows += compare(given.rounds, given.seconds, given.only)
    if given.only in (None, "cold"):
        rows += cold.measure()
    if given.only in (None, "flat", *flat.NAMES):
        rows += flat.measure(given.only if given.only in flat.NAMES else None, given.rounds, console)
    show(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
