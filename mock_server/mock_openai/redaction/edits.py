"""Replacements in a text, by place."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Edit(NamedTuple):
    """Bytes `start` to `end` of a text become `new`; `kind` names what stood there."""

    kind: str
    start: int
    end: int
    new: bytes


def applied(data: bytes, edits: Iterable[Edit], marks: list[int] | None = None) -> bytes:
    """Return a text with edits made, left to right. `marks` are places in the text; they move along. A mark
    inside a secret falls inside its fake.
    """
    parts: list[bytes] = []
    moved: list[int] = []
    done = mark = shift = 0
    marks = [] if marks is None else marks
    for _, start, end, new in edits:
        parts += [data[done:start], new]
        while mark < len(marks) and marks[mark] <= start:
            moved.append(marks[mark] + shift)
            mark += 1
        while mark < len(marks) and marks[mark] < end:
            inside = marks[mark] - start
            # A cut must not fall into a character: such a replacement stays in one piece.
            moved.append(start + shift + (min(inside, len(new)) if new.isascii() else len(new)))
            mark += 1
        shift += len(new) - (end - start)
        done = end
    if not parts:
        return data
    moved += [at + shift for at in marks[mark:]]
    marks[:] = moved
    return b"".join(parts) + data[done:]


def pieces(data: bytes, edits: Iterable[Edit], marks: Iterable[int]) -> list[bytes]:
    """Return the text between the first mark and the last with edits made, split at the marks."""
    cuts = list(marks)
    clean = applied(data, edits, cuts)
    return [clean[a:b] for a, b in pairwise(cuts)]


def merged(edits: list[Edit], first: list[Edit]) -> list[Edit]:
    """Return edits in order without overlaps: those of `first` win, then the one that begins earlier."""
    if not first and len(edits) < 2:
        return edits
    kept: list[Edit] = []
    winners = sorted(first, key=lambda edit: edit.start)
    number = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        rest: Edit | None = edit if not kept else _after(edit, kept[-1].end)
        while rest is not None and number < len(winners) and winners[number].end <= rest.start:
            number += 1
        place = number
        while rest is not None and place < len(winners) and winners[place].start < rest.end:
            winner = winners[place]
            if rest.start < winner.start:
                kept.append(_before(rest, winner.start))
            rest = _after(rest, winner.end)
            place += 1
        if rest is not None:
            kept.append(rest)
    return sorted([*kept, *winners], key=lambda edit: edit.start) if winners else kept


def _before(edit: Edit, end: int) -> Edit:
    """Return the part of an edit before this place; an edit that changes the length goes there whole."""
    fits = len(edit.new) == edit.end - edit.start
    return Edit(edit.kind, edit.start, end, edit.new[: end - edit.start] if fits else edit.new)


def _after(edit: Edit, start: int) -> Edit | None:
    """Return the part of an edit from this place on, if there is one."""
    if edit.end <= start:
        return None
    if edit.start >= start:
        return edit
    fits = len(edit.new) == edit.end - edit.start
    return Edit(edit.kind, start, edit.end, edit.new[start - edit.start :] if fits else b"")
