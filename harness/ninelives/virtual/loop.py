"""The event loop with the jumping clock.

`VirtualLoop` is a selector loop whose selector moves the clock to the next timer instead of sleeping. It
does so only if nothing else can happen: no callback is ready, no socket is readable, no byte is in flight,
no executor job runs, and no outside work was announced.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import selectors
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ninelives.virtual.clock import patched_clocks
from ninelives.virtual.errors import NotVirtual, VirtualDeadlock, task_dump
from ninelives.virtual.flight import Flight, kernel_tells

T = TypeVar("T")

SETTLE = 0.0005
"""Real seconds to look for late input before a jump, if the kernel cannot report what is in flight."""

POLL = 0.0005
"""Real seconds between two checks of data in flight. Its arrival ends the wait at once."""

STUCK = 1.0
"""Real seconds after which bytes that make no progress no longer hold the clock. Loopback needs microseconds.
"""

GRACE = 1.0
"""Real seconds for which a program with nothing to do may still be woken, before it counts as dead."""

PATIENCE = 300.0
"""Real seconds that an executor job, or work announced with `external`, may take."""

HORIZON = 30 * 86_400.0
"""Virtual seconds after which a program that only waits for timers counts as dead: thirty days."""

_real_monotonic = time.monotonic


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time. `time()` starts at 0 and moves only by jumps to the next timer.

    Real sockets on loopback work, with client and server in this same loop. A server in another thread or
    process does not work: it takes real time that this loop does not see (announce it with `external`).

    Args:
        settle: Real seconds of polling before each jump. By default 0 if the kernel reports what is in flight
            (Linux), otherwise `SETTLE`.
        patch_clocks: Whether the clocks of the `time` module follow while the loop runs.
        grace: Real seconds for which a program with nothing to do may still be woken, before
            VirtualDeadlock is raised.
        patience: Real seconds that an executor job, or work announced with `external`, may take.
        horizon: Virtual seconds after which VirtualDeadlock is raised for a program that only waits for
            timers.
    """

    def __init__(
        self,
        *,
        settle: float | None = None,
        patch_clocks: bool = True,
        grace: float = GRACE,
        patience: float = PATIENCE,
        horizon: float = HORIZON,
    ) -> None:
        self._now = 0.0
        exact = settle is None and kernel_tells()
        self._flight = Flight() if exact else None
        self._settle = SETTLE if settle is None else settle
        self._patch_clocks = patch_clocks
        self._grace, self._patience, self._horizon = grace, patience, horizon
        self._jobs: list[tuple[concurrent.futures.Future[Any], asyncio.Future[Any]]] = []
        self._executor: concurrent.futures.Executor | None = None
        self._outside = 0
        self._jumps = 0
        self._scheduled: list[asyncio.TimerHandle]  # asyncio's own heap of timers
        super().__init__(_JumpingSelector(self))
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    @property
    def jumps(self) -> int:
        """How often the clock has moved."""
        return self._jumps

    @contextmanager
    def external(self) -> Iterator[None]:
        """Hold the clock while work is under way that the loop cannot see: a thread, a subprocess."""
        self._outside += 1
        try:
            yield
        finally:
            self._outside -= 1

    def run_forever(self) -> None:
        """Run until stopped, with the clocks of the `time` module following."""
        if not self._patch_clocks:
            super().run_forever()
            return
        with patched_clocks(self):
            super().run_forever()

    def run_in_executor(  # type: ignore[override]
        self, executor: concurrent.futures.Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """As in asyncio, but the clock stands still until the job is done."""
        if executor is None:
            executor = self._executor
        if executor is None:
            executor = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="virtual")
            self.set_default_executor(executor)
        ticket = _Ticket(executor)
        outcome = super().run_in_executor(ticket, func, *args)
        self._jobs.append((ticket.job, outcome))
        # Whatever happens to the asyncio future, the end of the job must wake the loop.
        ticket.job.add_done_callback(lambda _: self._wake())
        outcome.add_done_callback(lambda _: self._jobs_running())  # and forget the job
        return outcome

    def set_default_executor(self, executor: concurrent.futures.Executor) -> None:
        """As in asyncio."""
        super().set_default_executor(executor)  # type: ignore[arg-type]  # asyncio refuses anything but a thread pool
        self._executor = executor

    def _wake(self) -> None:
        if not self.is_closed():
            self.call_soon_threadsafe(lambda: None)

    async def shutdown_default_executor(self, *args: Any, **kwargs: Any) -> None:
        """As in asyncio; it joins the threads in a thread of its own, so the clock stands still meanwhile."""
        with self.external():
            await super().shutdown_default_executor(*args, **kwargs)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """As in asyncio, but the socket is watched so that its traffic holds the clock."""
        self._watch(sock)
        await super().sock_connect(sock, address)

    def _make_socket_transport(self, sock: socket.socket, *args: Any, **kwargs: Any) -> Any:
        self._watch(sock)
        return super()._make_socket_transport(sock, *args, **kwargs)  # type: ignore[misc]

    def _make_ssl_transport(self, rawsock: socket.socket, *args: Any, **kwargs: Any) -> Any:
        self._watch(rawsock)
        return super()._make_ssl_transport(rawsock, *args, **kwargs)  # type: ignore[misc]

    def _watch(self, sock: socket.socket) -> None:
        if self._flight is not None:
            self._flight.watch(sock)

    def _jobs_running(self) -> bool:
        if self._jobs:
            self._jobs = [
                (job, outcome) for job, outcome in self._jobs if not (job.done() and outcome.done())
            ]
        return bool(self._jobs)

    def _next_timer(self) -> float | None:
        """The virtual time of the next timer. asyncio has already dropped cancelled ones from the front."""
        return self._scheduled[0].when() if self._scheduled else None

    def _jump(self, when: float) -> None:
        if when > self._horizon:
            raise VirtualDeadlock(
                f"virtual time would pass {self._horizon:g} s: only timers run, and they start new ones. A "
                "task waits for something that never comes (if this is intended: VirtualLoop(horizon=...)).",
                task_dump(self),
            )
        if when > self._now:
            self._now = when
            self._jumps += 1


class _Ticket(concurrent.futures.Executor):
    """Replaces an executor for one call, to get the job that it was given."""

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self._executor = executor
        self.job: concurrent.futures.Future[Any]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self.job = self._executor.submit(fn, *args, **kwargs)
        return self.job


class _JumpingSelector(selectors.BaseSelector):
    """The loop's selector. `select` checks for input, waits for work under way, or else moves the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()
        self._seniority: dict[int, int] = {}
        self._count = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._real.register(fileobj, events, data)
        self._count += 1
        self._seniority[key.fd] = self._count
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = self._real.unregister(fileobj)
        self._seniority.pop(key.fd, None)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._look(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        arrived = self._wait_for_work()
        if arrived is not None:
            return arrived
        loop = self._loop
        when = loop._next_timer()
        if when is None or timeout is None:
            return self._last_chance()
        loop._jump(when)
        return []

    def _look(self, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._real.select(seconds)
        if len(events) > 1:
            # The kernel reports in the order of arrival, which may differ between two runs.
            events.sort(key=lambda event: self._seniority.get(event[0].fd, 0))
        return events

    def _wait_for_work(self) -> list[tuple[selectors.SelectorKey, int]] | None:
        """Return input that arrived while waiting in real time; None once nothing is under way."""
        loop = self._loop
        if loop._outside or loop._jobs_running():
            events = self._look(loop._patience)
            if events:
                return events
            if not loop._outside and not loop._jobs_running():
                return None
            what = "something announced with loop.external()" if loop._outside else "an executor job"
            raise VirtualDeadlock(
                f"{what} has been under way for {loop._patience:g} s of real time and holds the clock."
                " If it waits for a timer of this loop, neither can move.",
                task_dump(loop),
            )
        flight = loop._flight
        if flight is None:
            return self._look(loop._settle) or None
        began = 0.0
        while flight.busy():
            events = self._look(POLL)
            if events:
                return events
            began = began or _real_monotonic()
            if _real_monotonic() - began > STUCK:
                break  # on a busy machine the bytes may have arrived while this process did not run
        return self._look(0) or None

    def _last_chance(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait a little for a thread that may wake the loop, then give up: there is no timer and no input."""
        events = self._look(self._loop._grace)
        if events:
            return events
        raise VirtualDeadlock(
            f"nothing can happen at virtual t={self._loop._now:.3f} s: no timer is set, no data is "
            f"on its way (waited {self._loop._grace:g} s of real time for a thread to call in). Announce "
            "work outside the loop with loop.external().",
            task_dump(self._loop),
        )


def require_virtual(loop: asyncio.AbstractEventLoop | None = None) -> VirtualLoop:
    """Return the given or running loop if it is a virtual one. Raises NotVirtual otherwise."""
    loop = loop or asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop):
        return loop
    kind = f"{type(loop).__module__}.{type(loop).__qualname__}"
    if kind.startswith("uvloop"):
        raise NotVirtual(
            f"virtual time cannot run on {kind}: uvloop keeps its timers in C and never asks for a clock. "
            "Run this test on asyncio's own loop (no uvloop policy for it, no use_uvloop for anyio)."
        )
    raise NotVirtual(
        f"virtual time was asked for, but the running loop is {kind}. Use ninelives.virtual.run(), "
        "asyncio.Runner(loop_factory=VirtualLoop), or @pytest.mark.virtual_time."
    )


def run(main: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Run `main` on a new `VirtualLoop`, as `asyncio.run` does, and return its result."""
    with asyncio.Runner(debug=debug, loop_factory=VirtualLoop) as runner:
        try:
            return runner.run(main)
        except KeyboardInterrupt:
            with suppress(Exception):  # such as tasks that resist cancellation
                runner.close()
            raise


ANYIO_BACKEND: tuple[str, dict[str, Any]] = ("asyncio", {"loop_factory": VirtualLoop})
"""What an `anyio_backend` fixture returns to run its tests in virtual time."""
