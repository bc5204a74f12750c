"""The output of the demo: each function draws one part, for a terminal of 80 to 100 columns."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ninelives.report.axis import clock, duration
from ninelives.report.terminal import STYLES, heading_of_marks, marks

if TYPE_CHECKING:
    from ninelives.bot import Turn
    from ninelives.demo.steps import Performance
    from ninelives.lab.run import Outcome

_LIFETIME = 3600.0
"""How long the API lets a connection live, in seconds (documented)."""


def opening() -> RenderableType:
    """Print what is about to be shown."""
    return Group(
        Text(),
        Text("ninelives", style="bold"),
        Text(
            "A voice bot uses OpenAI's Responses API over a WebSocket. Here the API is a mock server "
            "on this machine: no network, no key, no cost. The sockets, the Pipecat pipeline and the service "
            "are real; only time is virtual."
        ),
    )


def recorded(first: Performance, cassette: Path) -> RenderableType:
    """Print the conversation that was recorded."""
    return Group(
        _heading("1", "A bot answers three questions, and the traffic is recorded"),
        _dialogue(first.turns),
        _result(
            True,
            f"{len(first.turns)} turns, {first.requests} responses recorded in {cassette.name} "
            f"({cassette.stat().st_size / 1000:.0f} kB, one line per event)",
        ),
    )


def replayed(first: Performance, second: Performance, same: bool) -> RenderableType:
    """Print whether the replay gave the same frames."""
    if same:
        line = f"{len(second.frames)} frames, each equal to the snapshot, down to the millisecond"
    else:
        line = _difference(first.frames, second.frames)
    took = f"{duration(second.virtual)} of conversation, replayed in {duration(second.real)}"
    return Group(
        _heading("2", "The same bot again, answered only by the recording"),
        _result(same, line),
        _result(True, took) if same else Text(),
    )


def turning_point() -> RenderableType:
    """Print what comes next."""
    return _heading("3", "The same conversation, with faults")


def disaster(title: str, outcome: Outcome, real: float) -> RenderableType:
    """Print one disaster: what was heard and what was reported."""
    turns = outcome.episode.turns
    took = duration(max((turn.ended or turn.began for turn in turns), default=0.0))
    heading = Text.assemble(
        (title[0].upper() + title[1:], "bold"), (f"   {took}, played in {duration(real)}", "dim")
    )
    parts: list[RenderableType] = [Padding(heading, (1, 0, 0, 2)), _dialogue(turns, _on_the_wire(outcome))]
    if outcome.crash:
        parts.append(_result(False, outcome.crash))
    for finding in outcome.broken:
        parts.append(_result(False, f"{finding.promise} broken: {finding.why}"))
    return Group(*parts)


def promises(outcomes: Sequence[tuple[str, Outcome]]) -> RenderableType:
    """Print which promises held in which disaster, and their texts."""
    from ninelives.lab.promises import PROMISES

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column("what happened", no_wrap=True)
    table.add_column(heading_of_marks(), no_wrap=True)
    table.add_column("next turn waits", justify="right", no_wrap=True)
    for _, outcome in outcomes:
        air = outcome.dead_air[-1] if outcome.dead_air else None
        waits = f"{air:.2f} s" if air is not None else "forever"
        table.add_row(outcome.scenario.name.replace("_", " "), marks(outcome.findings), waits)
    words = Table.grid(padding=(0, 1))
    words.add_column(style="dim", justify="right")
    words.add_column(style="dim")
    for name, text in PROMISES.items():
        words.add_row(name[1:], text)
    explained = Text.assemble(
        ("✓", "green"),
        (" kept  ", "dim"),
        ("✗", "bold red"),
        (" broken  ", "dim"),
        ("· does not apply", "dim"),
    )
    return Group(
        _heading("4", "Ten promises a bot must keep, whatever happens to its connection"),
        Padding(table, (0, 0, 1, 2)),
        Padding(words, (0, 0, 1, 1)),
        Padding(explained, (0, 0, 0, 2)),
    )


def ending(cassette: Path, snapshot: Path, page: Path, seconds: float, well: bool) -> RenderableType:
    """Print where the files are, and what to type next."""
    files = Table.grid(padding=(0, 2, 0, 0))
    files.add_column(style="dim", no_wrap=True)
    files.add_column(overflow="fold")
    for name, path in (("cassette", cassette), ("snapshot", snapshot), ("timeline", page)):
        files.add_row(name, str(path))
    quoted = shlex.quote(str(cassette))
    ninelives = _as_typed()
    commands = (
        (f"{ninelives} show {quoted}", "read the recording"),
        (f"{ninelives} replay {quoted}", "serve it to your own bot"),
        (f"{ninelives} scenarios", "list everything that can go wrong"),
        (f"{ninelives} verdict pipecat_responses:OpenAIResponsesLLMService", "test a service in all of it"),
    )
    following = Text("\n").join(
        Text.assemble((command, "bold"), (f"  # {what}", "dim")) for command, what in commands
    )
    word = "All of this was written to files" if well else "Something above is wrong; the files were written"
    return Group(
        Rule(style="dim"),
        Text(f"{word} in {duration(seconds)}:"),
        Padding(files, (0, 0, 1, 2)),
        Text("Next commands:"),
        Padding(following, (0, 0, 1, 2)),
    )


def _as_typed() -> str:
    """Return the command as it must be typed here: by its path if a virtual environment is not activated."""
    command = Path(sys.argv[0])
    if shutil.which("ninelives") or command.name != "ninelives":
        return "ninelives"
    here = Path.cwd()
    return shlex.quote(str(command.relative_to(here) if command.is_relative_to(here) else command))


def _heading(number: str, text: str) -> RenderableType:
    return Padding(Text.assemble((number, "bold cyan"), "  ", (text, "bold")), (1, 0, 0, 0))


def _result(good: bool, text: str) -> RenderableType:
    mark = ("✓ ", "bold green") if good else ("✗ ", "bold red")
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(Text(mark[0], style=mark[1]), Text(text))
    return Padding(grid, (0, 0, 0, 2))


def _on_the_wire(outcome: Outcome) -> str:
    """Print the connections: when each was opened and how it ended."""
    lifetime = float(outcome.scenario.server.get("connection_lifetime", _LIFETIME))
    open_since: dict[int, float] = {}
    parts = []
    for entry in outcome.episode.wire:
        if entry.kind == "open":
            open_since[entry.connection] = entry.at
            if entry.connection == 1:
                continue
            opened = f"connection {entry.connection} opened at {clock(entry.at)}"
            before = entry.connection - 1
            if before in open_since and (age := entry.at - open_since[before]) > lifetime / 2:
                opened += (
                    f", {duration(lifetime - age)} before the server would have ended connection {before}"
                )
            parts.append(opened)
        elif entry.kind == "close" and isinstance(entry.data, Mapping):
            open_since.pop(entry.connection, None)
            if entry.data.get("by") != "client":
                how = str(entry.data.get("code") or entry.data.get("how"))
                parts.append(f"connection {entry.connection} ended at {clock(entry.at)} ({how})")
    return ", ".join(parts) or "one connection throughout"


def _dialogue(turns: Sequence[Turn], wire: str = "") -> RenderableType:
    """Print a conversation, with silences of more than a minute marked, and the connections."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True, min_width=6)
    grid.add_column()
    before: Turn | None = None
    for turn in turns:
        silence = turn.began - (before.ended or before.began) if before is not None else 0.0
        if silence > 60:
            grid.add_row("", Text(f"… {duration(silence)} of silence …", style="dim"))
        grid.add_row(Text("caller", style=STYLES["user"]), Text(turn.user or "", style=STYLES["user"]))
        for call in turn.calls:
            arguments = ", ".join(f'{key}="{value}"' for key, value in call.arguments.items())
            shown = Text(f"{call.name}({arguments}) → {call.result}", style=STYLES["tool"])
            grid.add_row(Text("tool", style=STYLES["tool"]), shown)
        words = Text(turn.text)
        if turn.interrupted is not None:
            words.append(" ✂ the caller cuts in", style="yellow")
        elif turn.errors:
            words.append(" ✂", style="bold red")
        grid.add_row(Text("bot", style=STYLES["bot"]), words)
        for error in turn.errors:
            grid.add_row(
                Text("error", style=STYLES["error"]), Text(f"{error.category}: {error.message}", style="red")
            )
        for spoken in turn.spoken_before_loss:
            grid.add_row(
                Text("event", style="dim"),
                Text(f'the application learns that "{spoken}" was spoken', style="dim"),
            )
        before = turn
    if wire:
        grid.add_row(Text("wire", style="dim"), Text(wire, style="dim"))
    return Padding(grid, (0, 0, 0, 2))


def _difference(expected: Sequence[str], found: Sequence[str]) -> str:
    for number, (left, right) in enumerate(zip(expected, found, strict=False), 1):
        if left != right:
            return f"frame {number} differs: the snapshot has {left}, the replay {right}"
    return f"the snapshot has {len(expected)} frames, the replay {len(found)}"
