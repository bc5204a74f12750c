"""Ends a COMMAND and everything that it started, even if our own process is killed.

`kill -9` gives us no time to do so. Therefore we fork a guard first. It reads from a pipe whose other end
only we hold: when we end, however that comes, its reading ends too, and it ends the command.

The command stays in our process group, so that Ctrl-C and its reading from the terminal work as if it ran
without us. What it started is therefore found by parentage, which only Linux shows.
"""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mock_openai.interruption import NUMBERS

ENDS_WITHIN = 0.75
"""Seconds for a command to end on request, before it is killed."""

_NAP = 0.005


def end(pid: int) -> None:
    """Ask a process to end, then what it started and left behind. Kill what is left after `ENDS_WITHIN`."""
    everybody = [pid, *_started_by(pid)]
    deadline = time.monotonic() + ENDS_WITHIN
    _send(signal.SIGTERM, [pid])
    _wait([pid], deadline)
    _send(signal.SIGTERM, everybody[1:])
    _wait(everybody, deadline)
    _send(signal.SIGKILL, everybody)


class Guard:
    """Ends a command if this process is killed. Call `release` once the command has ended. Where no process
    can be forked, or somebody ends the guard, it does nothing.
    """

    def __init__(self) -> None:
        self._pid = 0
        self._watched = 0
        life, self._hold = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
        try:
            with warnings.catch_warnings():  # of threads: the fork takes no lock that one may hold
                warnings.simplefilter("ignore", DeprecationWarning)
                self._pid = os.fork()
            if self._pid == 0:
                _guard(life)
        except OSError:  # too many processes; whoever cannot start the command says so
            pass
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(life)

    def watch(self, pid: int) -> None:
        """Set the command's process."""
        self._watched = pid
        with suppress(BrokenPipeError):  # somebody has ended the guard
            os.write(self._hold, b"%d " % pid)

    def kill(self) -> None:
        """Kill the command with all that it started. On Linux also if it has started, and nobody knows yet
        which process it is.
        """
        _send(signal.SIGKILL, {*_started_by(os.getpid()), self._watched} - {self._pid, 0})

    def release(self) -> None:
        """End the guard without ending the process."""
        self.watch(0)
        os.close(self._hold)
        if self._pid:
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)


def _guard(life: int) -> None:
    """Wait for the end of the parent, and end its command; never returns."""
    try:
        signal.set_wakeup_fd(-1)
        for number in NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        os.closerange(0, life)  # a socket or a lock that stayed open here would not be free
        os.closerange(life + 1, os.sysconf("SC_OPEN_MAX"))
        told = b""
        while more := os.read(life, 64):
            told += more
        if pid := int((told.split() or [b"0"])[-1]):
            end(pid)
    finally:
        os._exit(0)


def _started_by(pid: int) -> list[int]:
    """Return the descendants of a process; none where the system does not list processes as files."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):  # it has ended
            children[int(each.read_text().rpartition(")")[2].split()[1])].append(int(each.parent.name))
    found = [pid]
    for parent in found:
        found += children[parent]
    return found[1:]


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _wait(pids: list[int], deadline: float) -> None:
    while time.monotonic() < deadline and any(map(_exists, pids)):
        time.sleep(_NAP)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
