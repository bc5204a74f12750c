"""A connection that is always ready.

``Connection`` does what ``upkeep`` says: opens a channel ahead of the first turn, the next one before the
API's 60-minute limit or as soon as one is lost or late with a sign of life, and hands them to the turns, so
that none of them waits for housekeeping.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

from loguru import logger

from .categories import is_permanent
from .channel import Channel
from .doors import is_hopeless
from .endpoint import Endpoint
from .errors import Failure, TurnBroken
from .pulse import Pulse
from .upkeep import Dial, Keeping, Upkeep

__all__ = ["Connection"]


class Connection:
    """Keeps channels open and hands them out."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        upkeep: Upkeep,
        pulse: Pulse,
        rng: random.Random,
        lanes: bool | None,
        opened: Callable[[Channel], None],
        in_trouble: Callable[[Failure], Awaitable[None]],
    ) -> None:
        """Nothing is opened before ``start``.

        ``lanes``: whether the server knows lanes, None to find out. ``opened`` is called with every channel;
        ``in_trouble`` once whenever the connection is lost and cannot be had again at the first attempt.
        """
        self._endpoint = endpoint
        self._upkeep = upkeep
        self._pulse = pulse
        self._opened = opened
        self._in_trouble = in_trouble
        self._keeping: Keeping[Channel] = Keeping(upkeep, rng, lanes)
        self._leaving: list[Channel] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._stirred = asyncio.Event()
        self._wanted_now = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def lanes(self) -> bool | None:
        """Whether the server knows lanes; None while nobody can tell."""
        return self._keeping.lanes

    @property
    def current(self) -> Channel | None:
        """The channel that a turn would get now."""
        return self._keeping.best(asyncio.get_running_loop().time())

    def start(self) -> None:
        """Begin to connect; returns at once."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="responses-websocket-keeper")

    async def stop(self) -> None:
        """Close everything and stop trying."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        channels = [*self._keeping.channels, *self._leaving]
        self._keeping.channels, self._leaving = [], []
        await asyncio.gather(*(channel.close() for channel in channels))
        self._wake_waiters()

    async def channel(self, patience: float) -> Channel:
        """A channel with room for a request, waited for at most ``patience`` seconds.

        Raises TurnBroken with the last thing that went wrong. A refusal that time will not mend is raised as
        soon as it is known.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        asked = False
        stale = self._keeping.last_failure
        while (channel := self._keeping.best(loop.time())) is None:
            if self._keeper is None:
                raise TurnBroken(
                    Failure("connection", "The service is not connected: it was stopped or never started")
                )
            if not asked:
                asked = True
                self._wanted_now.set()
            elif (new := self._keeping.last_failure) is not None and new is not stale and is_hopeless(new):
                raise TurnBroken(new)
            waiter = loop.create_future()
            self._waiters.append(waiter)
            self._stirred.set()
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                raise TurnBroken(
                    self._keeping.last_failure
                    or Failure("connection", f"No connection within {patience:g} s")
                ) from None
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return channel

    def _wake_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # -- keeping it --------------------------------------------------------------------------------

    def _changed(self, channel: Channel) -> None:
        if channel.lanes is not None:
            self._keeping.lanes = channel.lanes
        self._stirred.set()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._stirred.clear()
            step = self._keeping.next(loop.time(), waiting=bool(self._waiters), leave=self._leaving.append)
            self._leaving = [channel for channel in self._leaving if not channel.is_gone]
            if isinstance(step, Dial):
                await self._pause(step.pause)
                await self._open_one()
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(step.seconds):
                        await self._stirred.wait()

    async def _pause(self, seconds: float) -> None:
        """Wait before the next attempt, unless a turn is or gets in a hurry."""
        if seconds <= 0.0 or self._wanted_now.is_set():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wanted_now.wait()
                self._keeping.somebody_waits()

    async def _open_one(self) -> None:
        self._wanted_now.clear()
        failures = self._keeping.failures
        try:
            channel = await self._first_of_several()
        except TurnBroken as broken:
            await self._note_failure(broken.failure)
            return
        except Exception as error:  # a header callback, TLS, a proxy: whatever it is, the keeper must live
            await self._note_failure(
                Failure("connection", f"No connection to {self._endpoint.url}: {error!r}")
            )
            return
        if failures:
            logger.info(f"Responses WebSocket: connected again after {failures} failed attempts")
        self._keeping.opened(channel)
        self._wake_waiters()
        self._opened(channel)

    async def _first_of_several(self) -> Channel:
        """Open a channel; where an answer is slow to come, try again beside it and take the first."""
        attempts: set[asyncio.Task[Channel]] = set()
        started = 0
        try:
            while True:
                if started < self._upkeep.most_dials:
                    attempts.add(asyncio.create_task(self._dial(), name="responses-websocket-dial"))
                    started += 1
                more = self._upkeep.hedge if started < self._upkeep.most_dials else None
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
            self._send_away([channel for channel in late if isinstance(channel, Channel)])

    def _send_away(self, channels: list[Channel]) -> None:
        self._leaving += channels
        for channel in channels:
            channel.retire()

    async def _dial(self) -> Channel:
        return await self._endpoint.dial(
            timeout=self._upkeep.connect, pulse=self._pulse, lanes=self.lanes, changed=self._changed
        )

    async def _note_failure(self, failure: Failure) -> None:
        news = self._keeping.failed(failure)
        logger.warning(f"Responses WebSocket: {failure.message}")
        self._wake_waiters()
        if news:
            await self._in_trouble(failure)
        if is_permanent(failure):
            # Nothing changes until a person acts; a turn that comes anyway shall find out.
            await self._wanted_now.wait()
