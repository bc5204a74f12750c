"""The map of the house: one picture of the rooms and their imports, drawn from the code (`make map`).

A room is a folder, or a file beside the folders, of one of the three parts. Each part is drawn as a stack of
floors. A room stands one floor above the highest room that it imports, so imports lead down. Where two rooms
import each other's files, the fewer imports are drawn as an arrow that leads up. Arrows over more than two
floors are left out, because nobody could follow them; the title of each room lists all that it imports.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

from docs.house_imports import PARTS, imports, modules

PICTURE = Path(__file__).parent / "images" / "house.svg"

Arrow = tuple[str, str]

HIDDEN = frozenset({"__main__", "__init__"})


@dataclass(frozen=True, slots=True)
class House:
    """The rooms of all parts, and how many files of each import each other."""

    says: Mapping[str, str]
    """The first sentence of each room's docstring."""
    arrows: Mapping[Arrow, int]
    """Files of the first room that import the second, or the other part as a whole."""
    floors: Mapping[str, int] = field(default_factory=dict)
    """The floor of each room within its part, counted from the ground."""

    def goes_up(self, arrow: Arrow) -> bool:
        """Return whether an arrow within a part leads up."""
        return self.floors[arrow[0]] <= self.floors[arrow[1]]


@cache
def survey() -> House:
    """Read the rooms and arrows from the source of the three parts."""
    files = {name: path for part in PARTS for name, path in modules(part)}
    says: dict[str, str] = {}
    arrows: Counter[Arrow] = Counter()
    for name, path in files.items():
        here = _room(name)
        if here is None:
            continue
        if here == name:
            says[here] = _first_sentence(path)
        known = {found for each in imports(path, name) if (found := _known(each, files))}
        targets = {_room(each) for each in known} | {
            _part(each) for each in known if _part(each) != _part(name)
        }
        for there in targets - {here, None}:
            arrows[here, str(there)] += 1
    levels: dict[str, int] = {}
    for part in PARTS:
        rooms = sorted(room for room in says if _part(room) == part)
        levels |= floors(rooms, {each: count for each, count in arrows.items() if {*each} <= {*rooms}})
    return House(says, arrows, levels)


def _part(room: str) -> str:
    return room.partition(".")[0]


def _room(module: str) -> str | None:
    parts = module.split(".")
    return None if len(parts) == 1 or parts[1] in HIDDEN else ".".join(parts[:2])


def _known(name: str, files: Mapping[str, Path]) -> str | None:
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name or None


def _first_sentence(path: Path) -> str:
    told = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")[0].split())
    return told.split(". ")[0].rstrip(".:")


def floors(rooms: Iterable[str], arrows: Mapping[Arrow, int]) -> dict[str, int]:
    """Put each room one floor above what it imports; the weakest arrow of a circle does not count."""
    below: dict[str, set[str]] = defaultdict(set)
    for (above, target), _ in sorted(arrows.items(), key=lambda each: (-each[1], each[0])):
        if not _reaches(below, target, above):
            below[above].add(target)
    levels: dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in levels:
            levels[room] = 1 + max((floor(each) for each in below[room]), default=-1)
        return levels[room]

    return {room: floor(room) for room in rooms}


def _reaches(below: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        room = waiting.pop()
        if room == goal:
            return True
        if room not in seen:
            seen.add(room)
            waiting += below.get(room, ())
    return False


# Drawing. All numbers are units of the picture.

HEIGHT, GAP, FLOOR, MARGIN, TITLE, BETWEEN = 26, 10, 50, 16, 36, 76
LETTER = 6.7
LONGEST = 2
"""Floors that an arrow may span and still be drawn."""
PER_FLOOR = {"ninelives": 7, "mock_openai": 6, "pipecat_responses": 5}
"""Rooms that stand beside each other; a fuller floor takes two rows."""

STYLE = """
text { font: 11px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; }
.part { fill: #f6f8fa; stroke: #d0d7de; }
.name { font-weight: 600; font-size: 14px; }
.note { fill: #57606a; }
.room rect { fill: #ffffff; stroke: #6e7781; }
.arrow { fill: none; stroke: #8c959f; stroke-width: 1.2; }
.across { stroke-width: 2; }
.up { stroke: #cf222e; stroke-dasharray: 4 3; }
.room:hover rect { stroke: #0969da; stroke-width: 2; }
.arrow:hover { stroke: #0969da; stroke-width: 2.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .part { fill: #161b22; stroke: #30363d; }
  .note { fill: #8b949e; }
  .room rect { fill: #0d1117; stroke: #8b949e; }
  .arrow { stroke: #6e7681; }
  .up { stroke: #ff7b72; }
}
"""


@dataclass(slots=True)
class _Stack:
    """One part as rows of rooms, from the top floor down, and where it stands."""

    part: str
    rows: list[list[str]]
    left: float = 0
    top: float = 0

    @property
    def width(self) -> float:
        """Units from its left edge to its right."""
        return max(sum(_width(room) + GAP for room in row) for row in self.rows) - GAP + 2 * MARGIN

    @property
    def height(self) -> float:
        """Units from its upper edge to its lower."""
        return TITLE + len(self.rows) * FLOOR + MARGIN - (FLOOR - HEIGHT) + 8

    def places(self) -> dict[str, tuple[float, float]]:
        """Return the upper left corner of each room; each row stands in the middle."""
        found = {}
        for number, row in enumerate(self.rows):
            x = self.left + (self.width - sum(_width(room) + GAP for room in row) + GAP) / 2
            for room in row:
                found[room] = (x, self.top + TITLE + 8 + number * FLOOR)
                x += _width(room) + GAP
        return found


def _label(room: str) -> str:
    return room.partition(".")[2]


def _width(room: str) -> float:
    return max(58.0, len(_label(room)) * LETTER + 18)


def _stack(house: House, part: str) -> _Stack:
    rooms = [room for room in house.says if _part(room) == part]
    rows: list[list[str]] = []
    for floor in sorted({house.floors[room] for room in rooms}, reverse=True):
        row = sorted(room for room in rooms if house.floors[room] == floor)
        size = -(-len(row) // (-(-len(row) // PER_FLOOR[part])))
        rows += [row[first : first + size] for first in range(0, len(row), size)]
    _untangle(rows, house.arrows)
    return _Stack(part, rows)


def _untangle(rows: list[list[str]], arrows: Mapping[Arrow, int]) -> None:
    """Order each row so that rooms stand near the rooms they share arrows with (barycenters, ten sweeps)."""
    near: dict[str, list[str]] = defaultdict(list)
    for above, below in arrows:
        near[above].append(below)
        near[below].append(above)
    for _ in range(10):
        place = {room: (at + 0.5) / len(row) for row in rows for at, room in enumerate(row)}
        for row in rows:
            middles = {
                room: sum(place[each] for each in near[room] if each in place) / max(1, len(near[room]))
                for room in row
            }
            row.sort(key=lambda room: (middles[room], room))
            place |= {room: (at + 0.5) / len(row) for at, room in enumerate(row)}


def draw(house: House | None = None) -> str:
    """Return the picture as SVG."""
    house = house or survey()
    server, harness, services = stacks = [
        _stack(house, part) for part in ("mock_openai", "ninelives", "pipecat_responses")
    ]
    server.left = MARGIN
    harness.left = server.left + server.width + BETWEEN
    services.left = harness.left + harness.width + BETWEEN
    width = services.left + services.width + MARGIN
    height = max(stack.height for stack in stacks) + 2 * MARGIN
    for stack in stacks:
        stack.top = (height - stack.height) / 2
    places = {room: place for stack in stacks for room, place in stack.places().items()}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'width="{width:.0f}" height="{height:.0f}" aria-label="The rooms of ninelives and their imports">',
        f"<style>{STYLE}</style>",
    ]
    for stack in stacks:
        lines.append(
            f'<rect class="part" x="{stack.left:.0f}" y="{stack.top:.0f}" width="{stack.width:.0f}" '
            f'height="{stack.height:.0f}" rx="8"/>'
            f'<text class="name" x="{stack.left + MARGIN:.0f}" y="{stack.top + 22:.0f}">{stack.part}</text>'
        )
    y = height / 2
    lines += [
        _across(house, harness.left, server.left + server.width, y, "mock_openai"),
        _across(house, harness.left + harness.width, services.left, y, "pipecat_responses"),
        *(_curve(arrow, places, house) for arrow in _shown(house)),
    ]
    for room, (x, y) in sorted(places.items()):
        below = sorted(_label(b) for a, b in house.arrows if a == room and _part(b) == _part(a))
        told = f"{room}: {house.says[room]}" + (f"\nimports {', '.join(below)}" if below else "")
        lines.append(
            f'<g class="room"><title>{escape(told)}</title>'
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{_width(room):.0f}" height="{HEIGHT}" rx="4"/>'
            f'<text x="{x + _width(room) / 2:.0f}" y="{y + 17:.0f}" text-anchor="middle">'
            f"{_label(room)}</text></g>"
        )
    return "\n".join([*lines, "</svg>", ""])


def _shown(house: House) -> list[Arrow]:
    """Return the arrows to draw: inside a part, short, and not made needless by two shorter ones."""
    inside = sorted(arrow for arrow in house.arrows if {*arrow} <= house.floors.keys())
    inside = [(above, below) for above, below in inside if _part(above) == _part(below)]
    down: dict[str, set[str]] = defaultdict(set)
    for above, below in inside:
        if not house.goes_up((above, below)):
            down[above].add(below)

    def needed(above: str, below: str) -> bool:
        if house.goes_up((above, below)):
            return True
        short = house.floors[above] - house.floors[below] <= LONGEST
        return short and not any(_reaches(down, other, below) for other in down[above] - {below})

    return [arrow for arrow in inside if needed(*arrow)]


def _across(house: House, start: float, end: float, y: float, part: str) -> str:
    files = sum(count for (_, target), count in house.arrows.items() if target == part)
    back = 7 if end < start else -7
    return (
        f'<path class="arrow across" d="M{start:.0f} {y:.0f}H{end:.0f}m{back} -5l{-back} 5l{back} 5"/>'
        f'<text class="note" x="{(start + end) / 2:.0f}" y="{y - 10:.0f}" text-anchor="middle">'
        f"{files} files</text>"
    )


def _curve(arrow: Arrow, places: Mapping[str, tuple[float, float]], house: House) -> str:
    above, below = arrow
    (x1, y1), (x2, y2) = places[above], places[below]
    x1, x2 = x1 + _width(above) / 2, x2 + _width(below) / 2
    y1, y2 = (y1, y2 + HEIGHT) if y1 > y2 else (y1 + HEIGHT, y2)
    up = house.goes_up(arrow)
    if up:  # beside the arrow that leads down
        x1, x2 = x1 + 12, x2 + 12
    bend = (y2 - y1) / 2
    told = f"{_label(above)} imports {_label(below)} (files: {house.arrows[arrow]})"
    return (
        f'<path class="arrow{" up" if up else ""}" '
        f'd="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}">'
        f"<title>{escape(told)}</title></path>"
    )


def main() -> int:
    """Draw the picture."""
    PICTURE.write_text(draw(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
