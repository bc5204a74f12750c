"""Replacements in a text, by place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple


class Edit(NamedTuple):
    """Bytes `start` to `end` of a text become `new`; `kind` is the kind of secret that was there."""

    kind: str
    start: int
    end: int
    new: bytes


def applied(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return a text with edits made, which are in order."""
    parts: list[bytes] = []
    done = 0
    for _, start, end, new in edits:
        parts += [data[done:start], new]
        done = end
    return b"".join(parts) + data[done:] if parts else data


def part_of(edit: Edit, begin: int, end: int) -> Edit | None:
    """Return the part of an edit that falls into the piece of the text from `begin` to `end`, relative to
    `begin`; None if it does not touch the piece. The replacement is spread over the pieces as far as it
    reaches. A replacement that is not ASCII stays whole, because it must not be cut within a character.
    """
    start, stop = max(edit.start, begin), min(edit.end, end)
    if start >= stop:
        return None
    length = len(edit.new)
    if edit.new.isascii():
        first = min(start - edit.start, length)
        last = length if stop == edit.end else min(stop - edit.start, length)
    else:
        first, last = (0 if start == edit.start else length), length
    return Edit(edit.kind, start - begin, stop - begin, edit.new[first:last])


def pieces(data: bytes, edits: Sequence[Edit], marks: Iterable[int]) -> list[bytes]:
    """Return the text between the first mark and the last with edits made, cut at the marks."""
    return [
        applied(data[begin:end], [part for edit in edits if (part := part_of(edit, begin, end)) is not None])
        for begin, end in pairwise(marks)
    ]


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
    """Return the part of an edit before this place; an edit that changes the length is not divided and
    belongs here.
    """
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
