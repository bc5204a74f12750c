"""The open connections of a service, one of which is ready before a turn needs it.

``ConnectionPool`` does what ``PoolState`` decides. It opens a connection before the first turn, and another
one before the API's 60-minute limit or as soon as one is lost or does not answer a ping. No turn waits for
that.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

from loguru import logger

from .categories import is_permanent
from .close_codes import is_hopeless
from .connection import WebSocketConnection
from .endpoint import Endpoint
from .errors import Failure, TurnBroken, place_of
from .heartbeat import Heartbeat
from .pool_state import Dial, PoolSettings, PoolState

__all__ = ["ConnectionPool"]


_LAST_CALL = 0.5
"""Seconds before the end of a turn's wait at which another connection is tried, whatever the pause."""


class ConnectionPool:
    """Keeps connections open and hands them out."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        settings: PoolSettings,
        heartbeat: Heartbeat,
        rng: random.Random,
        lanes: bool | None,
        opened: Callable[[WebSocketConnection], None],
        in_trouble: Callable[[Failure], Awaitable[None]],
    ) -> None:
        """Make a pool; nothing is opened before ``start``.

        ``lanes``: whether the server supports lanes, None to find out. ``opened`` is called with every new
        connection; ``in_trouble`` once per loss, when the first attempt to reconnect has failed.
        """
        self._endpoint = endpoint
        self._settings = settings
        self._heartbeat = heartbeat
        self._opened = opened
        self._in_trouble = in_trouble
        self._state: PoolState[WebSocketConnection] = PoolState(settings, rng, lanes)
        self._leaving: list[WebSocketConnection] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._changed_event = asyncio.Event()
        self._wanted_now = asyncio.Event()
        self._maintainer: asyncio.Task[None] | None = None
        self._dialing = 0  # attempts under way

    @property
    def lanes(self) -> bool | None:
        """Whether the server supports lanes; None while unknown."""
        return self._state.lanes

    @property
    def current(self) -> WebSocketConnection | None:
        """The connection that a turn would get now; None if there is none."""
        return self._state.best(asyncio.get_running_loop().time())

    def start(self) -> None:
        """Begin to connect; return at once."""
        if self._maintainer is None:
            self._maintainer = asyncio.create_task(self._maintain(), name="responses-websocket-maintainer")

    async def stop(self) -> None:
        """Close everything and stop trying."""
        maintainer, self._maintainer = self._maintainer, None
        try:
            if maintainer is not None:
                maintainer.cancel()
                await asyncio.gather(maintainer, return_exceptions=True)
        finally:
            connections = [*self._state.connections, *self._leaving]
            self._state.connections, self._leaving = [], []
            self._wake_waiters()
            await asyncio.gather(*(connection.close() for connection in connections))

    async def acquire(self, timeout: float) -> WebSocketConnection:
        """Return a connection with room for a request, after at most ``timeout`` seconds.

        Raises TurnBroken with the latest failure; at once if the server refuses in a way that waiting will
        not change, or asked to wait for longer than that and no attempt is under way.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        last_call = deadline - min(_LAST_CALL, timeout / 2)
        asked = False
        stale = self._state.last_failure
        while (connection := self._state.best(loop.time())) is None:
            if self._maintainer is None:
                raise TurnBroken(
                    Failure("connection", "The service is not connected: it was stopped or never started")
                )
            refused = self._state.not_before >= deadline and not self._dialing  # what is begun may succeed
            if refused and self._state.last_failure is not None:
                raise TurnBroken(self._state.last_failure)
            if not asked:
                asked = True
                self._wanted_now.set()
            elif (new := self._state.last_failure) is not None and new is not stale and is_hopeless(new):
                raise TurnBroken(new)
            waiter = loop.create_future()
            self._waiters.append(waiter)
            self._changed_event.set()
            try:
                async with asyncio.timeout_at(last_call if loop.time() < last_call else deadline):
                    await waiter
            except TimeoutError:
                if loop.time() < deadline:
                    self._wanted_now.set()  # pauses have grown long: try once more while that can still help
                    continue
                raise TurnBroken(
                    self._state.last_failure
                    or Failure("connection", f"No connection within {timeout:g} s", unreached=True)
                ) from None
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return connection

    def _wake_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # -- maintaining it ----------------------------------------------------------------------------

    def _changed(self, connection: WebSocketConnection) -> None:
        if connection.lanes is not None:
            self._state.lanes = connection.lanes
        self._changed_event.set()

    async def _maintain(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._changed_event.clear()
            step = self._state.next(loop.time(), waiting=bool(self._waiters), leave=self._leaving.append)
            self._leaving = [connection for connection in self._leaving if not connection.is_gone]
            if isinstance(step, Dial):
                await self._pause(step)
                await self._open_one()
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(step.seconds):
                        await self._changed_event.wait()

    async def _pause(self, step: Dial) -> None:
        """Wait before the next attempt; end early if a turn needs a connection and the server allows it."""
        if step.least > 0.0:
            await asyncio.sleep(step.least)
        if step.pause > step.least:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(step.pause - step.least):
                    await self._wanted_now.wait()
                    self._state.turn_began_to_wait()

    async def _open_one(self) -> None:
        self._wanted_now.clear()
        failures = self._state.failures.total()
        try:
            connection = await self._first_of_several()
        except TurnBroken as broken:
            await self._note_failure(broken.failure)
            return
        except (
            Exception
        ) as error:  # a header callback, TLS, a proxy: whatever fails, the maintainer task must go on
            await self._note_failure(
                Failure("connection", f"No connection to {place_of(self._endpoint.url)}: {error!r}")
            )
            return
        if failures:
            logger.info(f"Responses WebSocket: reconnected after {failures} failed attempts")
        self._state.opened(connection)
        self._wake_waiters()
        self._opened(connection)

    async def _first_of_several(self) -> WebSocketConnection:
        """Open a connection; if the server is slow to answer, try more in parallel and return the first. None
        is begun once the server has asked to wait.
        """
        now = asyncio.get_running_loop().time
        attempts: set[asyncio.Task[WebSocketConnection]] = set()
        started = 0
        try:
            while True:
                # The first was paused for already; a timer may fire a moment early.
                may_start = not started or (
                    started < self._settings.most_dials and self._state.not_before <= now()
                )
                if may_start:
                    attempts.add(asyncio.create_task(self._dial(), name="responses-websocket-dial"))
                    started += 1
                more = self._settings.hedge if may_start and started < self._settings.most_dials else None
                done, attempts = await asyncio.wait(
                    attempts, timeout=more, return_when=asyncio.FIRST_COMPLETED
                )
                if open_ones := [task.result() for task in done if task.exception() is None]:
                    self._send_away(open_ones[1:])
                    return open_ones[0]
                if done and not attempts:
                    raise next(error for task in done if (error := task.exception()) is not None)
        finally:
            for attempt in attempts:
                attempt.cancel()
            late = await asyncio.gather(*attempts, return_exceptions=True)
            self._send_away(
                [connection for connection in late if isinstance(connection, WebSocketConnection)]
            )

    def _send_away(self, connections: list[WebSocketConnection]) -> None:
        self._leaving += connections
        for connection in connections:
            connection.retire()

    async def _dial(self) -> WebSocketConnection:
        self._dialing += 1
        try:
            return await self._endpoint.dial(
                timeout=self._settings.connect,
                heartbeat=self._heartbeat,
                lanes=self.lanes,
                changed=self._changed,
            )
        except TurnBroken as broken:
            self._state.refused(broken.failure, asyncio.get_running_loop().time())
            raise
        finally:
            self._dialing -= 1

    async def _note_failure(self, failure: Failure) -> None:
        news = self._state.failed(failure)
        logger.warning(f"Responses WebSocket: {failure.message}")
        self._wake_waiters()
        if news:
            await self._in_trouble(failure)
        if is_permanent(failure):
            # Nothing changes until a person acts; the next turn tries once more.
            await self._wanted_now.wait()
