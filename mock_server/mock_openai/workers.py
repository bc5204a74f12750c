"""Several server processes on one port, under a parent that starts, watches, replaces and stops them.

Strategy: the parent is forked before any loop or thread exists, so workers begin with everything loaded and
share its memory. Where the kernel spreads connections over sockets of one port (Linux, SO_REUSEPORT), each
worker listens on its own; elsewhere all accept from one that they inherit. Only the parent holds the writing
end of a pipe, so the workers notice when it is gone, however it ended, and none is left behind.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from mock_openai.interruption import NUMBERS

STOP_WITHIN = 1.5
"""Seconds that workers have to end before they are killed."""

_YOUNG = 2.0
_TRIES = 3
"""A worker is not started again if it ended before it served, or within `_YOUNG` seconds, `_TRIES` times in a
row.
"""

Serve = Callable[[int, int, Callable[[], None]], int]
"""Serves until it has to stop. Takes the worker's number, the descriptor that becomes readable when the
parent has ended, and a callback for when it is ready; returns the exit status.
"""


@dataclass(slots=True)
class _Worker:
    number: int
    pid: int
    began: float
    ready: int
    """The descriptor that signals that it serves; -1 once it does."""
    tries: int = 0


class Workers:
    """The processes, as their parent sees them."""

    def __init__(
        self, count: int, serve: Serve, ready: Callable[[], None], say: Callable[[str], None]
    ) -> None:
        self._count = count
        self._serve = serve
        self._ready = ready
        self._say = say
        self._alive: dict[int, _Worker] = {}
        self._stopping = False
        self._at_once = False
        """Whether a second signal asked it to stop."""
        self._told = False
        self._life, self._hold = os.pipe()

    def run(self) -> int:
        """Run until a signal, or until workers cannot be kept alive. Return the exit status."""
        wake, woken = os.pipe()
        for descriptor in (wake, woken):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        for name in NUMBERS:
            signal.signal(name, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        status = 0
        try:
            for number in range(1, self._count + 1):
                self._start(number, tries=0)
            while not self._stopping and status == 0:
                starting = [worker.ready for worker in self._alive.values() if worker.ready >= 0]
                readable, _, _ = select.select([wake, *starting], [], [])
                if wake in readable:
                    os.read(wake, 4096)
                self._take_notice(readable)
                status = self._replace()
                if status or self._stopping:
                    break
                if not self._told and len(self._alive) == sum(one.ready < 0 for one in self._alive.values()):
                    self._told = True
                    self._ready()
        finally:
            self._end()
        return status

    def _start(self, number: int, *, tries: int) -> None:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._work(number, reading, writing)
        os.close(writing)
        self._alive[pid] = _Worker(number, pid, time.monotonic(), reading, tries)

    def _work(self, number: int, reading: int, writing: int) -> None:
        """Run as a worker; never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for name in (*NUMBERS, signal.SIGCHLD):
                signal.signal(name, signal.SIG_DFL)
            os.close(reading)
            os.close(self._hold)  # only the parent may keep it open
            for other in self._alive.values():
                if other.ready >= 0:
                    os.close(other.ready)

            def ready() -> None:
                os.write(writing, b".")
                os.close(writing)

            status = self._serve(number, self._life, ready)
        except KeyboardInterrupt:
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _take_notice(self, readable: list[int]) -> None:
        for worker in self._alive.values():
            if worker.ready in readable and os.read(worker.ready, 1):
                os.close(worker.ready)
                worker.ready = -1

    def _dead(self) -> list[tuple[_Worker, int]]:
        found: list[tuple[_Worker, int]] = []
        for pid, worker in tuple(self._alive.items()):
            gone, status = os.waitpid(pid, os.WNOHANG)
            if gone:
                del self._alive[pid]
                if worker.ready >= 0:
                    os.close(worker.ready)
                found.append((worker, os.waitstatus_to_exitcode(status)))
        return found

    def _replace(self) -> int:
        for worker, status in self._dead():
            if self._stopping:
                return 0
            young = worker.ready >= 0 or time.monotonic() - worker.began < _YOUNG
            tries = worker.tries + 1 if young else 0
            how = f"signal {-status}" if status < 0 else f"status {status}"
            if not self._told or tries >= _TRIES:
                self._say(f"worker {worker.number} ended with {how} and keeps failing; stopping")
                return 1
            self._say(f"worker {worker.number} ended with {how}; restarting it")
            self._start(worker.number, tries=tries)
        return 0

    def _stop(self, *_: object) -> None:
        self._at_once = self._stopping
        self._stopping = True

    def _end(self) -> None:
        os.close(self._hold)
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN
        while self._alive and time.monotonic() < deadline and not self._at_once:
            self._dead()
            time.sleep(0.005)
        self._signal(signal.SIGKILL)
        for pid in tuple(self._alive):
            os.waitpid(pid, 0)

    def _signal(self, name: signal.Signals) -> None:
        for pid in self._alive:
            os.kill(pid, name)
