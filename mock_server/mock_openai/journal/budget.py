"""The memory that the journals of one server share, and when they have to drop entries."""

from __future__ import annotations

import weakref
from typing import Protocol

JOURNAL_BYTES = 256 * 1024 * 1024
"""Bytes that all journals of a server may take."""
JOURNAL_BODY_BYTES = 4 * 1024 * 1024
"""Bytes up to which a body or event is kept whole."""
STEPS = 64
"""A full journal drops one entry in this many at a time: few enough that nobody waits, and enough that the
remaining entries are not moved each time.
"""


class Bounded(Protocol):
    """Interface: a journal as the budget sees it."""

    bytes: int

    def shrink(self, wanted: int) -> None:
        """Drop the oldest entries until at most `wanted` bytes are in use."""


class JournalBudget:
    """The memory that the journals of one server share. Beyond `limit` bytes the oldest entries of the
    largest journal are dropped. Of a body or event beyond `longest` bytes only size, digest and beginning are
    kept.
    """

    def __init__(self, limit: int = JOURNAL_BYTES, longest: int = JOURNAL_BODY_BYTES) -> None:
        for name, bound in {"journal_bytes": limit, "journal_body_bytes": longest}.items():
            if bound < 1:
                raise ValueError(f"{name}: expected a limit of at least 1 byte, not {bound!r}")
        self.limit = limit
        self.longest = longest
        self.used = 0
        """Bytes in use; deleted journals count until entries have to be dropped."""
        self._journals: weakref.WeakSet[Bounded] = weakref.WeakSet()

    def add(self, journal: Bounded) -> None:
        """Let a journal share the memory."""
        self._journals.add(journal)

    def enforce(self) -> None:
        """If the limit is exceeded, drop entries until usage is somewhat below it, so that this does not
        happen for each new entry.
        """
        journals = sorted(self._journals, key=lambda journal: journal.bytes, reverse=True)
        self.used = sum(journal.bytes for journal in journals)
        if self.used <= self.limit:
            return
        wanted = self.limit - self.limit // STEPS
        for journal in journals:
            if self.used <= wanted:
                break
            journal.shrink(max(0, journal.bytes - (self.used - wanted)))
