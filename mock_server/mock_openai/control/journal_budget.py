"""The memory that the journals of one server share, and when they have to drop entries."""

from __future__ import annotations

import weakref
from typing import Protocol

ROOM = 256 * 1024 * 1024
"""Bytes that all journals of a server may take."""
LONGEST_BODY = 4 * 1024 * 1024
"""Bytes up to which a body or event is kept whole."""
STEPS = 64
"""What is full drops this part of its bound at a time: often enough that nobody waits for it, and seldom
enough that the rest is not moved for each entry.
"""


class Occupant(Protocol):
    """A journal, as far as the room is concerned."""

    bytes: int

    def shrink(self, wanted: int) -> None:
        """Drop the oldest entries until at most `wanted` bytes are in use."""


class JournalBudget:
    """The memory that the journals of one server share. Beyond `limit` bytes the oldest entries of the
    largest journal are dropped. Of a body or event beyond `longest` bytes only size, digest and beginning are
    kept.
    """

    def __init__(self, limit: int = ROOM, longest: int = LONGEST_BODY) -> None:
        for name, bound in {"journal_bytes": limit, "journal_body_bytes": longest}.items():
            if bound < 1:
                raise ValueError(f"{name}: expected a limit of at least 1 byte, not {bound!r}")
        self.limit = limit
        self.longest = longest
        self.taken = 0
        """Bytes in use; deleted journals count until room has to be made."""
        self._journals: weakref.WeakSet[Occupant] = weakref.WeakSet()

    def enter(self, journal: Occupant) -> None:
        """Let a journal share the room."""
        self._journals.add(journal)

    def make(self) -> None:
        """Drop entries until there is room again, and some more, so that this does not happen for
        each entry.
        """
        journals = sorted(self._journals, key=lambda journal: journal.bytes, reverse=True)
        self.taken = sum(journal.bytes for journal in journals)
        if self.taken <= self.limit:
            return
        wanted = self.limit - self.limit // STEPS
        for journal in journals:
            if self.taken <= wanted:
                break
            journal.shrink(max(0, journal.bytes - (self.taken - wanted)))
