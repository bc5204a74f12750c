"""The memory that the sessions of one server share for stored responses and conversations."""

from __future__ import annotations

import weakref
from typing import Protocol

EACH = 64 * 1024 * 1024
"""Bytes that the responses, and the conversations, of one session may take."""
TOGETHER = 256 * 1024 * 1024
"""Bytes that those of all sessions may take."""
_STEPS = 64
"""A full memory is emptied by one part in this many at a time."""


class Shrinks(Protocol):
    """Interface: a store as the budget sees it."""

    size: int

    def shrink(self, wanted: int) -> None:
        """Forget what was not used for longest until at most `wanted` bytes are in use. The latest stays."""


class MemoryBudget:
    """Beyond `limit` bytes, the largest store forgets what was not used for longest."""

    def __init__(self, limit: int = TOGETHER) -> None:
        self.limit = limit
        self.used = 0
        """Bytes in use, added by the stores; what they have given back counts until `enforce` looks."""
        self._stores: weakref.WeakSet[Shrinks] = weakref.WeakSet()

    def add(self, store: Shrinks) -> None:
        """Let a store share the memory."""
        self._stores.add(store)

    def enforce(self) -> None:
        """If the limit is exceeded, let the largest stores shrink until usage is somewhat below it, so that
        this does not happen for each new response.
        """
        stores = sorted(self._stores, key=lambda store: store.size, reverse=True)
        self.used = sum(store.size for store in stores)
        if self.used <= self.limit:
            return
        wanted = self.limit - self.limit // _STEPS
        for store in stores:
            if self.used <= wanted:
                break
            before = store.size
            store.shrink(max(0, before - (self.used - wanted)))
            self.used -= before - store.size
