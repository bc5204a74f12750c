"""Changes to a text: what stands where becomes what."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Edit(NamedTuple):
    """Bytes `start` to `end` of a text become `new`; `kind` says what stood there."""

    kind: str
    start: int
    end: int
    new: bytes


def applied(data: bytes, edits: Iterable[Edit], marks: list[int] | None = None) -> bytes:
    """Return a text with edits made, left to right; `marks`, places in it, are moved to where they are then.
    A mark inside a secret falls inside its fake.
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
    """Return the text between the first mark and the last with edits made, cut at the marks."""
    cuts = list(marks)
    clean = applied(data, edits, cuts)
    return [clean[a:b] for a, b in pairwise(cuts)]


def merged(edits: list[Edit], first: list[Edit]) -> list[Edit]:
    """Edits in order without overlaps; those in `first` win."""
    if not first and len(edits) < 2:
        return edits
    taken = sorted(first, key=lambda edit: edit.start)
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        rest: Edit | None = edit
        for other in taken:
            if rest is None or other.end <= rest.start or other.start >= rest.end:
                continue
            rest = _beside(rest, other)
        if rest is not None:
            taken.append(rest)
    return sorted(taken, key=lambda edit: edit.start)


def _beside(edit: Edit, other: Edit) -> Edit | None:
    """What is left of an edit beside another that overlaps it."""
    if other.start <= edit.start and edit.end <= other.end:
        return None
    fits = len(edit.new) == edit.end - edit.start
    if other.start <= edit.start:
        return Edit(edit.kind, other.end, edit.end, edit.new[other.end - edit.start :] if fits else b"")
    new = edit.new[: other.start - edit.start] if fits else edit.new
    return Edit(edit.kind, edit.start, other.start, new)
