"""What SIGINT and SIGTERM do to a command: the first ends it in order, the second at once.

    listen()                       # Interrupted is raised where the program is
    with told_by_signal(stop):     # or, while a loop runs, `stop(number)` is called in it

`told_by_signal` is for programs that have something to save: they end in steps of limited length. `listen` is
for the others: what they leave open, such as a bot's own code, must end within `LIMIT`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

LIMIT = 1.5
"""Seconds that an interrupted program has to leave what it was in."""

NUMBERS = (signal.SIGINT, signal.SIGTERM)

at_once: list[Callable[[], object]] = []
"""Called before the process ends at once: what must not outlive it, such as a child process."""


_interrupted: int | None = None


class Interrupted(KeyboardInterrupt):
    """A signal told this program to end."""


def leave_if_interrupted() -> None:
    """End the process if Interrupted was raised, with the exit code that shells expect. What was printed is
    flushed; no thread and no child is waited for.
    """
    if _interrupted is None:
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    _end(128 + _interrupted)


def listen() -> None:
    """Raise Interrupted in the main thread at the first signal, and end the process at the second."""
    for number in NUMBERS:
        signal.signal(number, _interrupt)


@contextmanager
def told_by_signal(told: Callable[[int], object]) -> Iterator[None]:
    """Call `told` in the running loop at the first signal, and end the process at the second."""
    import asyncio  # half the time that `--help` takes

    loop = asyncio.get_running_loop()

    def tell(number: int, frame: FrameType | None) -> None:
        _end_at_the_next()
        with suppress(RuntimeError):  # the loop is closed: it is ending already
            loop.call_soon_threadsafe(told, number)

    if threading.current_thread() is not threading.main_thread():  # no signals reach other threads
        yield
        return
    before = {number: signal.signal(number, tell) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is tell:
                signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _interrupted
    _interrupted = number
    _end_at_the_next()
    threading.Thread(target=_end_later, args=(128 + number,), daemon=True).start()
    raise Interrupted(signal.Signals(number).name)


def _end_at_the_next() -> None:
    for number in NUMBERS:
        signal.signal(number, lambda number, frame: _end(128 + number))


def _end_later(code: int) -> None:
    threading.Event().wait(LIMIT)  # not `time.sleep`, whose clock may be a virtual one
    _end(code)


def _end(code: int) -> NoReturn:
    for each in tuple(at_once):
        with suppress(Exception):
            each()
    os._exit(code)
