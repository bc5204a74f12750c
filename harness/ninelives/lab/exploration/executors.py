"""Executors that play runs: in this thread, in processes, in threads, on a Dask cluster, or any other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from mock_openai.interruption import NUMBERS, at_once

from ninelives.usage_error import UsageError


class Here(Executor):
    """Runs a submitted call immediately, in this thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it, and return a completed future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True, slots=True)
class Crew:
    """An executor, and how many jobs it runs at once."""

    executor: Executor
    jobs: int

    def results(self, calls: Iterable[tuple[Callable[..., Any], Sequence[Any]]]) -> Iterator[Any]:
        """Yield the results of calls as they arrive, with at most two pending calls for each job."""
        waiting: list[Future[Any]] = []
        coming = iter(calls)
        try:
            while True:
                while len(waiting) < 2 * self.jobs and (call := next(coming, None)) is not None:
                    function, arguments = call
                    waiting.append(self.executor.submit(function, *arguments))
                if not waiting:
                    return
                done = wait(waiting, return_when=FIRST_COMPLETED).done
                ended = [future for future in waiting if future in done]
                waiting = [future for future in waiting if future not in done]
                for future in ended:
                    yield future.result()
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def open_executor(name: str, jobs: int | None) -> Iterator[tuple[Executor, int]]:
    """Return the executor of a name and how many jobs it runs at once: `processes`, `threads`, or
    `dask://HOST:PORT`.

    Raises UsageError.
    """
    if name.startswith("dask://"):
        yield from _dask(name.removeprefix("dask://"), jobs)
        return
    many = jobs or os.cpu_count() or 1
    if name == "threads":
        yield from _until_interrupted(ThreadPoolExecutor(many), many)
    elif name == "processes" and many == 1:
        yield Here(), 1
    elif name == "processes":
        # Not forked: a fork copies locks that another thread holds, and a progress bar has threads.
        with _silent_tracker():
            pool = ProcessPoolExecutor(many, _Context(), _leave_with_the_parent)
        yield from _until_interrupted(pool, many)
    else:
        raise UsageError(f"no executor is called {name!r}; expected processes, threads, or dask://HOST:PORT")


class _Worker(SpawnProcess):
    """A process that a terminal's Ctrl-C reaches only once `_leave_with_the_parent` ignores it: until then
    it would end with a traceback.
    """

    def start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # which a child inherits
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    Process = _Worker


@contextmanager
def _silent_tracker() -> Iterator[None]:
    """Start the process that removes a pool's semaphores, with the options that silence its warnings about
    semaphores left by an interruption.
    """
    option = "ignore:resource_tracker:UserWarning"
    sys.warnoptions.append(option)
    try:
        yield
    finally:
        sys.warnoptions.remove(option)


def _until_interrupted(pool: Executor, many: int) -> Iterator[tuple[Executor, int]]:
    at_once.append(_kill_workers)
    try:
        yield pool, many
    except KeyboardInterrupt:  # end at once, without waiting for the scenarios that are being played
        pool.shutdown(wait=False, cancel_futures=True)
        _kill_workers()
        raise
    except BaseException:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    finally:
        at_once.remove(_kill_workers)
    pool.shutdown(wait=True, cancel_futures=True)


def _kill_workers() -> None:
    """End them now: one that is still starting does not watch its parent yet."""
    for each in multiprocessing.active_children():
        each.kill()


def _leave_with_the_parent() -> None:
    """Leave Ctrl-C to the parent, and end when the parent ends, because a worker whose parent was killed
    would wait for ever.
    """
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _dask(address: str, jobs: int | None) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise UsageError(f"dask://{address} needs a package: pip install 'ninelives[dask]'") from None
    connect: Any = Client
    try:
        client = connect(f"tcp://{address}", timeout=60)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"no Dask scheduler answers at {address!r} ({reason}); expected HOST:PORT") from None
    with client:
        many = jobs or sum(client.nthreads().values()) or 1
        # Run the same call every time instead of caching it: the tests check whether a run is a pure
        # function.
        yield client.get_executor(pure=False), many
