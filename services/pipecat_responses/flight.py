"""One response in flight: where its events wait for the turn that wants them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from .errors import Failure, TurnBroken

__all__ = ["Event", "InFlight"]

Event = Mapping[str, Any] | None
"""A response event; None stands for something that arrived and could not be read."""


class InFlight:
    """One response that was asked for and whose last event has not come yet."""

    def __init__(
        self, lane: str | None, abandon: Callable[["InFlight"], None], *, aside: bool = False
    ) -> None:
        """``aside``: nobody is kept waiting by it. ``abandon`` is told when nobody wants it any more."""
        self.lane = lane
        self.aside = aside
        self.began = False
        self.failed = False
        self.over = False
        self.abandoned = False
        self._events: list[Event] = []
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Failure | None = None
        self._abandon = abandon

    async def receive(self, timeout: float) -> list[Event]:
        """The next events, all that are there; waits for at least one.

        Raises TimeoutError after ``timeout`` seconds of silence and TurnBroken when the channel was lost.
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
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def take(self, event: Event) -> None:
        """An event of this response arrived."""
        if self.abandoned:
            return
        self._events.append(event)
        if self._waiter is not None:
            self._wake()

    def fail(self, failure: Failure) -> None:
        """No more events will come."""
        self._failure = failure
        self._wake()

    def abandon(self) -> None:
        """Nobody wants this response any more. Costs nothing and never waits."""
        if not self.abandoned:
            self.abandoned = True
            self._events.clear()
            self._abandon(self)
