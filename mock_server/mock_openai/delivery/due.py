"""Waits until the next event of a turn is due; meanwhile sends keepalives, and injects the faults that are
planned for a time.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import TypeVar

from mock_openai.delivery.sent import SentEvents
from mock_openai.delivery.turn_context import TurnContext
from mock_openai.faults.context import Effect
from mock_openai.faults.planned import Planned
from mock_openai.faults.trigger import Position
from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.protocol.steering import at_boundary
from mock_openai.state import ClientConnection, ServerState

T = TypeVar("T")

_LONG = 3600.0
"""Seconds between two checks of the fault plan while nothing happens."""

_NOTHING: tuple[float, Planned | None] = (math.inf, None)


class Due:
    """The waits of one turn."""

    def __init__(
        self,
        state: ServerState,
        connection: ClientConnection,
        position: Position,
        context: TurnContext,
        out: SentEvents,
    ) -> None:
        self.keepalive_after: float | None = None
        """Seconds of silence after which a `keepalive` event is due; None for never."""
        self.steered = False
        """Whether the client asked to end the turn at the next safe boundary."""
        self._arrived = context.began
        self._state = state
        self._connection = connection
        self._position = position
        self._context = context
        self._out = out
        self._loop = asyncio.get_running_loop()

    @property
    def cancelled(self) -> bool:
        """Whether the client cancelled the turn; then every wait ends."""
        return self._context.cancelled

    def cancel(self) -> None:
        """End all waits of the turn."""
        self._context.cancelled = True
        self._context.alarm.ring()

    def steer(self) -> None:
        """End the wait at the next safe boundary of the response."""
        self.steered = True
        self._context.alarm.ring()

    def ends_at(self, following: Event) -> bool:
        """Return whether a steered response may end in place of this event."""
        # Asked at each event of an answer that may be long: most need no look at all before it.
        if following.type != "response.output_item.added":
            return False
        return at_boundary(self._out.events, following)

    @property
    def awaits_fault(self) -> bool:
        """Whether a fault is planned for a time of this turn."""
        return not self._state.faults.exhausted and self._next_moment()[1] is not None

    async def wait(self, at: float, following: Event | None = None) -> None:
        """Wait until an event is due, and inject the faults planned for an earlier time. Shortened if the
        turn ends early.
        """
        context, time = self._context, self._loop.time
        if context.began + at > time():
            await self._out.flush()
        while not self.cancelled and not (self.steered and following is not None and self.ends_at(following)):
            due = context.began + at  # a fault may move it
            moment, planned = _NOTHING if self._state.faults.exhausted else self._next_moment()
            beat = math.inf if self.keepalive_after is None else self._next_keepalive(self.keepalive_after)
            until = min(due, moment, beat)
            if until > time():
                await context.alarm.sleep_until(until)
            elif planned is not None and moment <= due:
                if self._state.faults.claim(planned) and await context.inject([planned]) is Effect.STOP:
                    context.over = True
                    return
            elif beat < due:
                await self._keep_alive()
            else:
                return

    async def news(self, coming: AsyncIterator[T]) -> T | None:
        """Return the next item of an answer that an upstream server sends, and inject the faults planned for
        an earlier time. None if no more come, or the turn ends early.
        """
        context = self._context
        following = asyncio.ensure_future(anext(coming, None))
        following.add_done_callback(lambda _: context.alarm.ring())
        try:
            while not following.done() and not self.cancelled:
                moment, planned = self._next_moment()
                if planned is None or moment > self._loop.time():
                    await context.alarm.sleep_until(min(moment, self._loop.time() + _LONG))
                elif self._state.faults.claim(planned) and await context.inject([planned]) is Effect.STOP:
                    context.over = True
                    return None
            return await following if following.done() else None
        finally:
            if not following.done():
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    def _next_keepalive(self, beat: float) -> float:
        return self._out.spoke + beat if self._out.sent else math.inf

    async def _keep_alive(self) -> None:
        """Send the undocumented `keepalive` event, which takes a sequence number (reported)."""
        self._out.insert(
            lambda number: Event("keepalive", json.compact({"type": "keepalive", "sequence_number": number}))
        )
        await self._out.flush()

    def _next_moment(self) -> tuple[float, Planned | None]:
        """Return the next fault that is planned for a time, and that time."""
        found = _NOTHING
        for planned in self._state.faults.due("moment", self._position):
            trigger = planned.trigger
            if trigger.at is not None and (trigger.turn is not None or self._context.transport == "http"):
                begins = self._arrived if trigger.turn is not None else self._connection.opened
                found = min(found, (begins + trigger.at, planned), key=lambda moment: moment[0])
        return found
