"""Reports for a terminal: a conversation, a timeline, a table of promises. Every function returns a rich
renderable and prints nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mock_openai.protocol.json import object_in
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ninelives.report.axis import clock, duration
from ninelives.report.timeline import BOT, ERROR, FAULT, PLAYED, TOOL, USER

if TYPE_CHECKING:
    from ninelives.lab.episode import Finding
    from ninelives.report.conversation import Exchanged
    from ninelives.report.timeline import Row, Timeline

STYLES = {USER: "blue", BOT: "green", PLAYED: "cyan", TOOL: "magenta", ERROR: "bold red", FAULT: "bold red"}
"""Colour of each lane; connections are dim."""

BAR = 24
"""Cells of a timing bar."""

_WHO = {"user": ("user", STYLES[USER]), "tool": ("tool", STYLES[TOOL])}


# A conversation ---------------------------------------------------------------------------------------------


def talk(exchanges: Sequence[Exchanged]) -> Iterator[RenderableType]:
    """Return a recorded conversation, exchange by exchange; the first of a long one is there at once."""
    longest = max((each.took for each in exchanges), default=0.0)
    return (_exchange(each, longest) for each in exchanges)


def _exchange(each: Exchanged, longest: float) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", width=max(3, len(str(each.number))), style="dim")
    grid.add_column(justify="right", width=9)
    grid.add_column(ratio=1, overflow="fold")
    label = str(each.number)
    for who, text in each.asked:
        name, style = _WHO.get(who, (who, "dim"))
        grid.add_row(label, Text(name, style=style), Text(text, style=style if name == "user" else "dim"))
        label = ""
    if not each.asked:
        grid.add_row(label, Text("request", style="dim"), Text(each.request, style="dim"))
    if each.thought:
        grid.add_row("", Text("thinks", style="dim"), Text(each.thought, style="dim italic"))
    if each.said:
        cut = Text(" ✂", style="bold red") if each.broken else Text("")
        grid.add_row("", Text("bot", style=STYLES[BOT]), Text(each.said) + cut)
    for name, arguments in each.calls:
        grid.add_row("", Text("calls", style=STYLES[TOOL]), Text(f"{name}({_arguments(arguments)})"))
    grid.add_row("", "", _timing(each, longest))
    return Padding(grid, (0, 0, 1, 0))


def _arguments(arguments: str) -> str:
    value = object_in(arguments)
    if value is None:
        return arguments
    return ", ".join(f"{key}={json.dumps(each, ensure_ascii=False)}" for key, each in value.items())


def _timing(each: Exchanged, longest: float) -> Text:
    line = Text(no_wrap=False)
    line.append_text(bar(each.first if each.first is not None else each.took, each.took, longest))
    parts = [duration(each.took)]
    if each.first is not None:
        parts.append(f"first word {duration(each.first)}")
    if each.usage is not None:
        parts.append(f"{each.usage[0]} + {each.usage[1]} tokens")
    line.append("  " + " · ".join(parts), style="dim")
    if each.status != "completed":
        line.append(f" · {each.status}", style="bold red" if each.broken else "yellow")
    if each.broken and each.ending != "end":
        line.append(f" · broken off ({each.ending})", style="bold red")
    return line


def bar(first: float, took: float, longest: float, width: int = BAR) -> Text:
    """Return a timing bar to the scale of `longest` seconds: thin until the first word, thick while it is
    spoken.
    """
    scale = width / longest if longest > 0 else 0.0
    waiting = round(min(first, took) * scale)
    speaking = max(round(took * scale) - waiting, 1)
    blank = max(width - waiting - speaking, 0)
    return Text.assemble(("─" * waiting, "dim"), ("━" * speaking, STYLES[BOT]), " " * blank)


# A timeline -------------------------------------------------------------------------------------------------


def moments(timeline: Timeline) -> Iterator[Text]:
    """Return a timeline as lines, one per moment."""
    width = max((len(lane) for lane in timeline.lanes), default=0)
    return (moment(row, width) for row in timeline.rows)


def moment(row: Row, width: int) -> Text:
    """One moment as a line; names of lanes are padded to `width`."""
    style = STYLES.get(row.lane, "dim")
    words = "" if row.lane == BOT else style
    return Text.assemble(
        (f"{clock(row.at):>9}  ", "dim"), (f"{row.lane:<{width}}  ", style), (row.text, words)
    )


# Promises ---------------------------------------------------------------------------------------------------


def marks(findings: Iterable[Finding]) -> Text:
    """Return a mark for each promise in a row: kept, broken, or not applicable."""
    line = Text()
    for finding in findings:
        mark, style = mark_of(finding)
        line.append(f"{mark} ", style=style)
    line.rstrip()
    return line


def mark_of(finding: Finding) -> tuple[str, str]:
    """Return one promise as a character and its style."""
    if finding.held is None:
        return "·", "dim"
    return ("✓", "green") if finding.held else ("✗", "bold red")


def heading_of_marks() -> Text:
    """Return the numbers above the marks."""
    return Text(" ".join(str(number) for number in range(1, 11)), style="dim")


def broken(findings: Iterable[Finding]) -> list[Finding]:
    """Return the broken promises."""
    return [finding for finding in findings if finding.held is False]
