"""The notes of the black box: one for each thing that happened, in a ring limited in bytes and time."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

OVERHEAD = 200
"""Bytes of a note besides its text: the objects and their references (CPython 3.11, measured)."""

WIRE = frozenset({"open", "sent", "received", "status", "closed"})
"""Kinds of notes about traffic; their data is a connection number and bytes."""


class Note(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened. `at` is in seconds on the loop's clock."""

    at: float
    kind: str
    data: Any = None


class Ring:
    """The latest notes: at most `max_bytes` bytes and `seconds` seconds of them."""

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self.seconds, self.max_bytes = seconds, max_bytes
        self.bytes = 0
        self.whole = True
        """Whether nothing has been dropped so far."""
        self._notes: deque[tuple[Note, int]] = deque()

    def __len__(self) -> int:
        return len(self._notes)

    def add(self, note: Note, size: int) -> None:
        """Keep a note whose text has `size` bytes, and drop old notes beyond the limits."""
        size += OVERHEAD
        notes = self._notes
        notes.append((note, size))
        self.bytes += size
        oldest = note.at - self.seconds
        while notes and (self.bytes > self.max_bytes or notes[0][0].at < oldest):
            self.bytes -= notes.popleft()[1]
            self.whole = False

    def notes(self) -> list[Note]:
        """Return the notes in the order in which they were taken."""
        return [note for note, _ in self._notes]


def is_question(note: Note) -> bool:
    """Whether a turn begins: the model gets a context whose last message is the user's."""
    return note.kind == "context" and note.data["role"] == "user"


def in_order(notes: list[Note]) -> list[Note]:
    """Return notes in the order in which things happened: an observer gets a frame after the traffic was
    noted, and a question comes before the request for it.
    """
    return sorted(notes, key=lambda note: (note.at, note.kind in WIRE))
