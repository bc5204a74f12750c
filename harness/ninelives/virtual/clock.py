"""Makes the clocks of the `time` module follow a virtual loop while it runs.

Pipecat and many clients measure deadlines with `time.monotonic()` or `time.time()` instead of the loop's
clock. If those do not agree with the loop, a connection that is lost once per virtual hour looks like one
that is lost three times within a second.

Only the module's attributes are replaced, and only for the thread that runs the loop. Other threads keep real
time, and so does code that imported the functions by name (threading, queue), except the clients in
`_BY_NAME`.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

WALL_EPOCH = 1_767_225_600
"""The value of `time.time()` when a virtual loop starts: 2026-01-01T00:00:00Z, in seconds since 1970."""

_NS = 1_000_000_000


class Clock(Protocol):
    """Anything with a time of its own, in seconds, such as a loop."""

    def time(self) -> float:
        """The present moment, in seconds since this clock's start."""


def _monotonic_ns(seconds: float) -> int:
    # One nanosecond ahead of the loop: Pipecat's SystemClock takes a start at exactly 0 for "not started
    # yet".
    return round(seconds * _NS) + 1


_VIRTUAL: dict[str, Callable[[float], float]] = {
    "time": lambda seconds: WALL_EPOCH + seconds,
    "time_ns": lambda seconds: WALL_EPOCH * _NS + round(seconds * _NS),
    "monotonic": lambda seconds: seconds,
    "monotonic_ns": _monotonic_ns,
    "perf_counter": lambda seconds: seconds,
    "perf_counter_ns": _monotonic_ns,
}

_BY_NAME = (("aiohttp.connector", "monotonic"),)
"""Clock functions that modules imported by name: with a real one, aiohttp would reuse a connection after
an hour.
"""

_lock = threading.Lock()
_clocks: dict[int, Clock] = {}
_originals: dict[str, Callable[[], float]] = {}


def _replacement(name: str, original: Callable[[], float]) -> Callable[[], float]:
    convert = _VIRTUAL[name]
    clocks = _clocks
    thread = threading.get_ident

    def read() -> float:
        clock = clocks.get(thread())
        return original() if clock is None else convert(clock.time())

    read.__name__ = read.__qualname__ = name
    return read


@contextmanager
def patched_clocks(clock: Clock) -> Iterator[None]:
    """Let `time.time`, `monotonic`, `perf_counter` and their `_ns` forms follow `clock` in this thread.

    `time.monotonic()` and `time.perf_counter()` equal `clock.time()`; `time.time()` is `WALL_EPOCH` plus it.
    `datetime.now()` is not changed: it does not ask the `time` module.
    """
    ident = threading.get_ident()
    with _lock:
        outer = _clocks.get(ident)
        if not _clocks:
            for name in _VIRTUAL:
                _originals[name] = getattr(time, name)
                setattr(time, name, _replacement(name, _originals[name]))
            for module, name in _BY_NAME:
                _swap(module, name, _originals[name], getattr(time, name))
        _clocks[ident] = clock
    try:
        yield
    finally:
        with _lock:
            if outer is None:
                del _clocks[ident]
            else:
                _clocks[ident] = outer
            if not _clocks:
                for module, name in _BY_NAME:
                    _swap(module, name, getattr(time, name), _originals[name])
                for name, original in _originals.items():
                    setattr(time, name, original)
                _originals.clear()


def _swap(module: str, name: str, old: Callable[[], float], new: Callable[[], float]) -> None:
    """Replace a module's own clock, if the module is loaded and still has the expected function."""
    there = sys.modules.get(module)
    if there is not None and getattr(there, name, None) is old:
        setattr(there, name, new)
