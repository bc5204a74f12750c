"""Timers on the loop's clock that many turns share.

A thousand paced turns send fifty thousand events a second. Events that are due within the same millisecond
share a timer, so the loop has a thousand timers to manage instead of fifty thousand. A timer wakes the task
of a turn, or writes the turn's next events itself: waking a task for each event costs more than the event
does (measured).
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable

TOGETHER = 0.001
"""Seconds by which an event may be late, so that it can leave together with another."""

Advance = Callable[[float], float | None]
"""Called when the time has come, with the loop's time; returns when to be called again, or None for never."""


class _Waiting:
    """One turn that waits for its next time, again and again."""

    def __init__(self, advance: Advance, over: asyncio.Future[None]) -> None:
        self.advance = advance
        self.over = over
        """Done when the turn stops waiting."""
        self.tick: _Tick | None = None
        """The timer that the turn waits for."""


class _Tick:
    """One timer, and the turns that wait for it."""

    def __init__(self, wheel: _Wheel, when: float) -> None:
        self.when = when
        self.waiting: list[_Waiting] = []
        self._wheel = wheel
        self._loop = asyncio.get_running_loop()
        self.timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._wheel.forget(self)
        now = max(self._loop.time(), self.when)  # a loop's timer may come early by the clock's resolution
        following: _Tick | None = None
        for one in self.waiting:
            if one.over.done():
                continue
            try:
                when = one.advance(now)
            except Exception as error:
                one.over.set_exception(error)
                continue
            if when is None:
                one.over.set_result(None)
                continue
            if following is None or not 0 <= following.when - when <= TOGETHER:
                following = self._wheel.at(when)
            following.waiting.append(one)
            one.tick = following
        self.waiting = []

    def leave(self, one: _Waiting) -> None:
        """Remove a turn; no effect once the time has come."""
        if one in self.waiting:
            self.waiting.remove(one)
            if not self.waiting:
                self.timer.cancel()
                self._wheel.forget(self)


class _Wheel:
    """The pending timers of one loop, by their millisecond."""

    def __init__(self) -> None:
        self._near: dict[int, _Tick] = {}

    def at(self, when: float) -> _Tick:
        """Return a timer for this time of the loop, or for at most a millisecond later."""
        millisecond = int(when / TOGETHER)
        for place in (millisecond, millisecond + 1):
            tick = self._near.get(place)
            if tick is not None and 0 <= tick.when - when <= TOGETHER:
                return tick
        tick = self._near[millisecond] = _Tick(self, when)
        return tick

    def forget(self, tick: _Tick) -> None:
        """Do not return this timer any more."""
        millisecond = int(tick.when / TOGETHER)
        if self._near.get(millisecond) is tick:
            del self._near[millisecond]


_wheels: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Wheel] = weakref.WeakKeyDictionary()


class Alarm:
    """The waits of one turn, each of which `ring` ends at once, as `response.cancel` does."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wheel = _wheels.setdefault(self._loop, _Wheel())
        self._over: asyncio.Future[None] | None = None

    async def sleep_until(self, when: float) -> None:
        """Sleep until this time of the loop's, or until the alarm rings."""
        await self.advance(when, _once)

    async def advance(self, when: float, advance: Advance) -> None:
        """Call `advance` at this time of the loop, then at each time that it returns, until it returns None
        or the alarm rings. Raises what `advance` raises.
        """
        self._over = over = self._loop.create_future()
        one = _Waiting(advance, over)
        one.tick = self._wheel.at(when)
        one.tick.waiting.append(one)
        try:
            await over
        finally:
            self._over = None
            one.tick.leave(one)

    def ring(self) -> None:
        """End the wait; no effect if there is none."""
        if self._over is not None and not self._over.done():
            self._over.set_result(None)


def _once(now: float) -> None:
    return None
