"""How tests hold code to a bound without asking a clock.

A machine may be slow or busy, so no test compares a clock with a number. A test counts work (`calls_of`),
runs in virtual time, or leaves the measurement to `make bench-check`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

HANG = 600.0
"""Seconds of real time after which a test gives up on something that never ends.

Only a hang guard: it decides when a broken test stops, never whether a working one passes. Pass it wherever
an API asks for a timeout (`subprocess.run`, `urlopen`, `asyncio.timeout`, thread joins).
"""


class TooMuchWork(AssertionError):
    """The counted code made more calls than the test allows."""


def calls_of(work: Callable[[], Any], at_most: int) -> int:
    """Run `work` and return how many calls it made: Python functions entered and builtins called.

    The count depends on the code and its input alone, not on the machine. Raises TooMuchWork as soon as there
    are more than `at_most`, so that work without an end does not hang the test. One builtin counts as one
    call however long it takes.
    """
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1
            if calls > at_most:
                sys.setprofile(None)
                raise TooMuchWork(f"more than {at_most:,} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
