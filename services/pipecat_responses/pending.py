"""A pending response: its events, until the turn takes them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
        self.id: str | None = None
        self.began = False
        self.failed = False
        self.over = False
        self.abandoned = False
        self._events: list[Event] = []
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        """Ends the wait. It stays from wait to wait, for the next deadline is nearly always later."""
        self._failure: Failure | None = None
        self._abandon = abandon

    async def receive(self, timeout: float) -> list[Event]:
        """Return all events that have come, at least one.

        Raises TimeoutError after ``timeout`` seconds of silence and TurnBroken if the connection was lost.
        """
        if not self._events and self._failure is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.time() + max(0.0, timeout)
            if self._timer is None or self._timer.when() > self._deadline:
                self._stop_timer()
                self._timer = loop.call_at(self._deadline, self._due, loop)
            self._waiter = loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if not self._events:
            raise TimeoutError if self._failure is None else TurnBroken(self._failure)
        events, self._events = self._events, []
        return events

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        timer, self._timer = self._timer, None
        if self._waiter is None:
            return
        if timer is not None and timer.when() < self._deadline:
            self._timer = loop.call_at(self._deadline, self._due, loop)
        else:
            self._wake()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def take(self, events: Sequence[Event]) -> None:
        """Add events that arrived."""
        if self.abandoned:
            return
        self._events += events
        if self._waiter is not None:
            self._wake()

    def fail(self, failure: Failure) -> None:
        """Note that no more events will come, and why."""
        self._failure = failure
        self._stop_timer()
        self._wake()

    def abandon(self) -> None:
        """Drop the events that have come and those that will come. Never waits."""
        if not self.abandoned:
            self.abandoned = True
            self._events.clear()
            self._stop_timer()
            self._abandon(self)
