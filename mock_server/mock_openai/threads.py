"""Runs work on large values in a thread, so that other connections are served meanwhile.

Strategy: Python switches between threads every few milliseconds, so a thread that renders an answer of 64 MB
takes half of the processor and not all of it. Only a single pass of compiled code (the JSON encoder's over
one event) cannot be interrupted. The threads do not keep the process alive, so a signal ends the server even
while an answer is being made.
"""

from __future__ import annotations

import asyncio
import sys
from _thread import start_new_thread
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import fields, is_dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LARGE = 64 * 1024
"""Size in characters or bytes from which a value is worked on in a thread. Below it, all steps together take
about 10 ms; a thread costs 0.1 ms.
"""


class _Threads(Executor):
    """A thread for each piece of work."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Begin to work."""
        future: Future[R] = Future()
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        start_new_thread(run, ())  # `threading` itself would wait here until the thread runs
        return future


_threads = _Threads()


async def in_thread(work: Callable[..., R], *given: Any) -> R:
    """Call a function in a thread and return its result. It must not touch state that the loop changes."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *given)


def is_large(value: object, most: int = LARGE) -> bool:
    """Return whether the texts in a value (a reply, an item, JSON) have more than `most` characters."""
    return _beyond(value, most) < 0


def characters_of(value: object) -> int:
    """Return about how many characters the texts in a value have."""
    return sys.maxsize - _beyond(value, sys.maxsize)


def _beyond(value: object, left: int) -> int:
    """Return `left` minus the number of characters in a value; stops counting when nothing is left."""
    if isinstance(value, str | bytes):
        return left - len(value)
    if isinstance(value, Mapping):
        value = tuple(value.values())
    elif is_dataclass(value):
        value = tuple(getattr(value, each.name) for each in fields(value))
    if isinstance(value, list | tuple):
        left -= len(value)
        for inner in value:
            if left < 0:
                break
            left = _beyond(inner, left)
    return left
