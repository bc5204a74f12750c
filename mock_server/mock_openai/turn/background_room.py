"""How many responses a server generates in the background at a time, and the memory that they take.

All sessions of a server share one BackgroundRoom. A create beyond the number, or while the requests of the
others are too large together, gets a 429. The others stay queued until there is memory for their text and
its events. Pure but for that waiting.
"""

from __future__ import annotations

import asyncio

from mock_openai.protocol.errors import rate_limit_reached

BYTES = 64 * 1024 * 1024
"""Bytes of requests beyond which no other is taken; and of events beyond which no other is generated."""


class BackgroundRoom:
    """The responses that have begun, by any object that stands for one."""

    def __init__(self, limit: int = BYTES) -> None:
        self._limit = limit
        self._requests: dict[object, int] = {}
        self._generated: dict[object, int] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._requests)

    def check(self, model: str, most: int) -> None:
        """Raise ApiError 429 if there are `most` responses, or their requests are too large together. (The
        real API's limit and words are not known; those of a rate limit are what clients obey.)
        """
        if len(self) >= most or sum(self._requests.values()) >= self._limit:
            raise rate_limit_reached(model, "requests", limit=most, used=max(len(self), most))

    def enter(self, one: object, size: int) -> None:
        """Count a response whose request has `size` bytes."""
        self._requests[one] = size

    def leave(self, one: object) -> None:
        """Count a response no longer."""
        self._requests.pop(one, None)
        self._generated.pop(one, None)
        self.wake()

    def may_generate(self, one: object, size: int) -> bool:
        """Return whether there is memory to generate a response that takes `size` bytes, and count it then.
        More than half of the memory is never asked for, so a large one does not wait for all others.
        """
        size = min(size, self._limit // 2)
        if sum(self._generated.values()) + size > self._limit:
            return False
        self._generated[one] = size
        return True

    async def changed(self) -> None:
        """Wait until a response has ended or was cancelled."""
        await self._changed.wait()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()  # an event belongs to the loop that waited for it first
