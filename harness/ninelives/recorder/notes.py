"""Writes down what happened on one connection, in order, without delaying others.

Finding secrets in 10 MB takes seconds. So large data is written by a thread, and later notes of the same
connection wait for it. Of many notes that are put at the same time, most are written later, some at a time;
everything else is written at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from itertools import count
from typing import Any, TypeVar

LARGE = 512 * 1024
"""The number of bytes from which a thread does the work."""

AT_ONCE = 100
"""Notes that are written before other tasks run: one network read may have 40,000 messages."""

MOST_WAITING = 10_000
"""Notes that may wait; whoever puts more should read less."""

Write = Callable[[], None]
T = TypeVar("T")


class Notes:
    """The notes of one connection. `note` writes a note; `tasks` has the task that writes notes that had to
    wait.
    """

    def __init__(self, note: Callable[[Write], None], tasks: set[asyncio.Task[None]]) -> None:
        self._note = note
        self._tasks = tasks
        self._waiting: deque[tuple[Write, Callable[[], int]]] = deque()
        self._writing = False
        self._written = 0

    def are_behind(self) -> bool:
        """Return whether so many notes wait that no more should come."""
        return len(self._waiting) > MOST_WAITING

    def put(self, write: Write, size: Callable[[], int] = lambda: 0) -> None:
        """Write a note after all before it. `size`: how many bytes it has."""
        if not self._writing and self._written < AT_ONCE and size() < LARGE:
            if not self._written:
                asyncio.get_running_loop().call_soon(self._others_ran)
            self._written += 1
            self._note(write)
            return
        self._waiting.append((write, size))
        if not self._writing:
            self._writing = True
            task = asyncio.get_running_loop().create_task(self._write())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _others_ran(self) -> None:
        self._written = 0

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        for number in count(1):
            if not self._waiting:
                break
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            write, size = self._waiting.popleft()
            if size() < LARGE:
                self._note(write)
            else:
                await loop.run_in_executor(_THREADS, self._note, write)
        self._writing = False


class _Threads(Executor):
    """Runs each job in a thread for which the end of the program does not wait."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Begin a job."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, name="ninelives-recorder", daemon=True).start()
        return future


_THREADS = _Threads()
