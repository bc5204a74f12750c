"""A pending response: its events, until the turn takes them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from .errors import Failure, TurnBroken
from .text import TextDelta

__all__ = ["Event", "PendingResponse"]

Event = Mapping[str, Any] | TextDelta | None
"""A response event; None stands for a message that could not be read."""


class PendingResponse:
    """A response that was requested and whose last event has not come yet."""

    def __init__(
        self, lane: str | None, abandon: Callable[["PendingResponse"], None], *, warm_up: bool = False
    ) -> None:
        """Wait for events of a lane.

        ``warm_up``: no turn waits for it; ``abandon``: called by ``abandon()``.
        """
        self.lane = lane
        self.warm_up = warm_up
        self.began = False
        self.failed = False
        self.over = False
        self.abandoned = False
        self._events: list[Event] = []
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Failure | None = None
        self._abandon = abandon

    async def receive(self, timeout: float) -> list[Event]:
        """Return all events that have come, at least one.

        Raises TimeoutError after ``timeout`` seconds of silence and TurnBroken if the connection was lost.
        """
        if not self._events:
            if self._failure is not None:
                raise TurnBroken(self._failure)
            await self._wait(timeout)
            if not self._events:
                if self._failure is not None:
                    raise TurnBroken(self._failure)
                raise TimeoutError
        events, self._events = self._events, []
        return events

    async def _wait(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(max(0.0, timeout), self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def take(self, event: Event) -> None:
        """Add an event that arrived."""
        if self.abandoned:
            return
        self._events.append(event)
        if self._waiter is not None:
            self._wake()

    def fail(self, failure: Failure) -> None:
        """Note that no more events will come, and why."""
        self._failure = failure
        self._wake()

    def abandon(self) -> None:
        """Drop the events that have come and those that will come. Never waits."""
        if not self.abandoned:
            self.abandoned = True
            self._events.clear()
            self._abandon(self)
