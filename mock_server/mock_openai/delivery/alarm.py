"""Waiting on the loop's clock, for many turns at once.

A thousand paced turns let fifty thousand events go in a second. Those due within the same millisecond share a
timer, so that the loop has a thousand of them to look after and not fifty thousand.
"""

from __future__ import annotations

import asyncio
import weakref

TOGETHER = 0.001
"""Seconds by which a sleeper may be late, so that it can be woken together with another."""

_Sleeper = asyncio.Future[None]


class _Tick:
    """One timer, and who waits for it."""

    def __init__(self, when: float) -> None:
        self.when = when
        self.sleepers: list[_Sleeper] = []
        self.timer = asyncio.get_running_loop().call_at(when, self._wake)

    def _wake(self) -> None:
        for sleeper in self.sleepers:
            _ring(sleeper)
        self.sleepers = []

    def leave(self, sleeper: _Sleeper) -> None:
        """Wait no more; no effect once the time has come."""
        if sleeper in self.sleepers:
            self.sleepers.remove(sleeper)
            if not self.sleepers:
                self.timer.cancel()


class _Ticks:
    """The timers of one loop that nobody has waited for yet, by their millisecond."""

    def __init__(self) -> None:
        self._near: weakref.WeakValueDictionary[int, _Tick] = weakref.WeakValueDictionary()

    def at(self, when: float) -> _Tick:
        """Return a timer for this time of the loop's, or for at most a millisecond later."""
        millisecond = int(when / TOGETHER)
        for place in (millisecond, millisecond + 1):
            tick = self._near.get(place)
            if tick is not None and tick.sleepers and 0 <= tick.when - when <= TOGETHER:
                return tick
        tick = self._near[millisecond] = _Tick(when)
        return tick


_ticks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Ticks] = weakref.WeakKeyDictionary()


class Alarm:
    """The sleep of one turn, which `ring` ends at once, as `response.cancel` does."""

    def __init__(self) -> None:
        self._ticks = _ticks.setdefault(asyncio.get_running_loop(), _Ticks())
        self._sleeper: _Sleeper | None = None

    async def sleep_until(self, when: float) -> None:
        """Sleep until this time of the loop's, or until the alarm rings."""
        tick = self._ticks.at(when)
        self._sleeper = sleeper = asyncio.get_running_loop().create_future()
        tick.sleepers.append(sleeper)
        try:
            await sleeper
        finally:
            self._sleeper = None
            tick.leave(sleeper)

    def ring(self) -> None:
        """End the sleep; no effect when nobody sleeps."""
        if self._sleeper is not None:
            _ring(self._sleeper)


def _ring(sleeper: _Sleeper) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
