"""The server's own time: it runs with the event loop and the wall clock, and can be moved forward.

The lifetime of connections, the retention of responses and the limits per minute go by this clock. So a
client in any language can test the 60-minute limit within a second. The pace of events and the times of
faults go by the event loop's clock.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable


class Timer:
    """A callback that comes due on a Clock."""

    __slots__ = ("_callback", "_clock", "_due", "_handle", "_loop")

    def __init__(self, clock: Clock, seconds: float, callback: Callable[[], object]) -> None:
        self._clock = clock
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._due = clock.now() + seconds
        self._handle = self._loop.call_later(seconds, self._ring)

    def cancel(self) -> None:
        """Cancel the callback."""
        self._handle.cancel()
        self._clock.timers.discard(self)

    def rearm(self) -> None:
        """Reschedule the timer after the clock was moved. Safe to call from any thread."""
        if self in self._clock.timers and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._reset)

    def _reset(self) -> None:
        if self in self._clock.timers:
            self._handle.cancel()
            self._handle = self._loop.call_at(self._due - self._clock.ahead, self._ring)

    def _ring(self) -> None:
        self._clock.timers.discard(self)
        self._callback()


class Clock:
    """The time of one server."""

    def __init__(self) -> None:
        self.ahead = 0.0
        """Seconds by which the clock has been moved forward."""
        self.timers: set[Timer] = set()

    def now(self) -> float:
        """Return monotonic seconds, for durations."""
        return asyncio.get_running_loop().time() + self.ahead

    def wall(self) -> float:
        """Return unix seconds. `time.time` is looked up at each call, because virtual time replaces it."""
        return time.time() + self.ahead

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` after `seconds` of this clock."""
        timer = Timer(self, seconds, callback)
        self.timers.add(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Move the clock forward; timers that become due fire at once. Raises ValueError if the clock would
        go back, or too far ahead.
        """
        if not math.isfinite(seconds) or not 0 <= seconds <= LONGEST:
            raise ValueError(f"the clock can move forward by 0 to {LONGEST:.0f} seconds, not {seconds!r}")
        if self.ahead + seconds > LONGEST:
            raise ValueError(f"the clock is already {self.ahead:.0f} s ahead; the maximum is {LONGEST:.0f}")
        self.ahead += seconds
        for timer in tuple(self.timers):
            timer.rearm()


LONGEST = 10 * 366 * 86400.0
"""Seconds that a clock may be ahead: ten years, so that dates remain valid."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {None: 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(text: str) -> float:
    """Read a duration such as 90, 90s, 59m, 1h or 30d, in seconds. Raises ValueError if it is not valid."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; expected for example 90s, 59m, 1h or 30d")
    return float(match[1]) * _UNITS[match[2]]
