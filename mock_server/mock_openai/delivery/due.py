"""Waiting until a turn's next event is due: with a sign of life in long silences, and with faults that strike
by the clock on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from mock_openai.delivery.outflow import Outflow
from mock_openai.delivery.wire import TurnWire
from mock_openai.faults.plan import Planned
from mock_openai.faults.point import Spot
from mock_openai.faults.wire import Verdict
from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.protocol.steering import at_boundary
from mock_openai.site import Connection, Site

T = TypeVar("T")

_LONG = 3600.0
"""Seconds between two looks at what is planned, while nothing happens."""


class Due:
    """The waits of one turn."""

    def __init__(self, site: Site, connection: Connection, spot: Spot, wire: TurnWire, out: Outflow) -> None:
        self.beat: float | None = None
        """Seconds of silence after which a `keepalive` event is due; None for never."""
        self.cancelled = False
        """Whether the client asked for the turn's end; then nothing is waited for any more."""
        self._steered = False
        self._arrived = wire.began
        self._site = site
        self._connection = connection
        self._spot = spot
        self._wire = wire
        self._out = out
        self._loop = asyncio.get_running_loop()

    def cancel(self) -> None:
        """Wait for nothing any more."""
        self.cancelled = True
        self._wire.alarm.ring()

    def steer(self) -> None:
        """Wait no longer than until the response is at a safe boundary."""
        self._steered = True
        self._wire.alarm.ring()

    def steered_at(self, following: Event) -> bool:
        """Tell whether the response was steered and may end in the place of this event."""
        return self._steered and at_boundary([*self._out.sent, *self._out.waiting], following)

    async def wait(self, at: float, following: Event | None = None) -> None:
        """Wait until an event is due, letting faults strike that are planned for a moment before; less long
        when the turn ends early.
        """
        wire = self._wire

        def ends() -> bool:
            return self.cancelled or (following is not None and self.steered_at(following))

        while not ends():
            due = wire.began + at
            moment = self._next_moment()
            until = due if moment is None else min(due, moment[0])
            if until > self._loop.time():
                await self._out.flush()
                beat = self._next_beat()
                await wire.alarm.sleep(min(until, beat) - self._loop.time())
                if beat < until and not ends():
                    await self._keep_alive()
                    continue
            if moment is None or moment[0] > due or ends():
                if ends() or self._loop.time() >= wire.began + at:
                    return
                continue
            if self._site.plan.claim(moment[1]) and await wire.strike([moment[1]]) is Verdict.STOP:
                wire.over = True
                return

    async def news(self, coming: AsyncIterator[T]) -> T | None:
        """Wait for what comes next of an answer that is being given elsewhere, letting faults strike that are
        planned for a moment before. None when nothing more comes, or the turn ends early.
        """
        wire = self._wire
        following = asyncio.ensure_future(anext(coming, None))
        following.add_done_callback(lambda _: wire.alarm.ring())
        try:
            while not following.done() and not self.cancelled:
                moment = self._next_moment()
                until = self._loop.time() + _LONG if moment is None else moment[0]
                if until > self._loop.time():
                    await wire.alarm.sleep(until - self._loop.time())
                    continue
                assert moment is not None, "without a moment there is something to wait for"
                if self._site.plan.claim(moment[1]) and await wire.strike([moment[1]]) is Verdict.STOP:
                    wire.over = True
                    return None
            return await following if following.done() else None
        finally:
            if not following.done():
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    def _next_beat(self) -> float:
        return float("inf") if self.beat is None or not self._out.sent else self._out.spoke + self.beat

    async def _keep_alive(self) -> None:
        """Send the undocumented event of long silences; it takes a sequence number (reported)."""
        keepalive = {"type": "keepalive", "sequence_number": self._out.next_number}
        self._out.add(Event("keepalive", json.compact(keepalive)))
        await self._out.flush()

    def _next_moment(self) -> tuple[float, Planned] | None:
        moments: list[tuple[float, Planned]] = []
        for planned in self._site.plan.due("moment", self._spot):
            point = planned.point
            if point.at is None:
                continue
            if point.turn is not None:
                moments.append((self._arrived + point.at, planned))
            elif self._wire.transport == "http":
                moments.append((self._connection.opened + point.at, planned))
        return min(moments, key=lambda moment: moment[0], default=None)
