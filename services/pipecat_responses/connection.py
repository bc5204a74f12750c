"""The socket's life: a connection that is always ready.

``Connection`` opens a channel ahead of the first turn, opens the next one before the API's 60-minute limit or
as soon as one is lost, and keeps a spare where the server can carry only one response at a time, so that a
turn does not wait for housekeeping. The first attempt is always made at once, later ones with growing,
jittered pauses, and it never stops trying for good.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec
from loguru import logger
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from .channel import Channel, Pulse
from .errors import Failure, TurnBroken, failure_of_error, is_permanent
from .patience import backoff
from .wire import MessageSocket

__all__ = ["Connection", "Endpoint", "Upkeep"]

# A channel that lived for so many seconds was not thrown out at the door.
_LONG_ENOUGH = 2.0
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How the connection is kept.

    Parameters:
        rotate_after: Age in seconds at which a channel is replaced by a new one; the API ends them at 3600.
        backoff_least: Pause in seconds before the second attempt; it doubles from there.
        backoff_most: Longest pause.
        ahead: Whether to open channels before a turn needs them.
        connect: Limit in seconds for one attempt.
    """

    rotate_after: float = 3300.0
    backoff_least: float = 0.25
    backoff_most: float = 8.0
    ahead: bool = True
    connect: float = 4.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect, and as whom."""

    url: str
    headers: Callable[[], Awaitable[Mapping[str, str]]]

    async def dial(
        self, *, timeout: float, pulse: Pulse, lanes: bool | None, changed: Callable[[Channel], None]
    ) -> Channel:
        """Open one channel. Raises TurnBroken with what the server said, or what the network did."""
        headers = dict(await self.headers())
        agent = headers.pop("User-Agent", None)
        try:
            socket = await connect(
                self.url,
                additional_headers=headers,
                user_agent_header=agent,
                open_timeout=timeout,
                close_timeout=pulse.close,
                ping_interval=None,  # the channel watches by itself, and sooner
                max_size=None,
                max_queue=None,
                compression=None,
                create_connection=MessageSocket,
            )
            assert isinstance(socket, MessageSocket)
        except InvalidStatus as refused:
            raise TurnBroken(_failure_of_refusal(refused)) from refused
        except TimeoutError as error:
            raise TurnBroken(
                Failure("connection", f"No connection to {self.url} within {timeout:g} s")
            ) from error
        except InvalidURI as error:
            raise TurnBroken(
                Failure("handshake", f"{self.url} is no WebSocket URL", param="ws_url", status=400)
            ) from error
        except (OSError, InvalidHandshake, EOFError) as error:
            reason = str(error) or type(error).__name__
            raise TurnBroken(Failure("connection", f"No connection to {self.url}: {reason}")) from error
        return Channel(socket, pulse=pulse, lanes=lanes, changed=changed)


def _failure_of_refusal(refused: InvalidStatus) -> Failure:
    response = refused.response
    try:
        body = msgspec.json.decode(response.body or b"")
    except msgspec.DecodeError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    return failure_of_error(
        error or f"the server refused the connection with HTTP status {response.status_code}",
        "handshake",
        status=response.status_code,
        headers=dict(response.headers.raw_items()),
    )


def _is_hopeless(failure: Failure) -> bool:
    """Whether waiting will not help the turn that needs the connection now."""
    if is_permanent(failure):
        return True
    return (
        failure.status is not None
        and 400 <= failure.status < 500
        and failure.status not in _WORTH_ANOTHER_TRY
    )


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

        ``lanes``: whether the server knows lanes, None to find out. ``opened`` is called with every channel
        that takes the place of an earlier one; ``in_trouble`` once whenever the connection is lost and cannot
        be had again at the first attempt.
        """
        self._endpoint = endpoint
        self._upkeep = upkeep
        self._pulse = pulse
        self._rng = rng
        self._opened = opened
        self._in_trouble = in_trouble
        self.lanes = lanes
        self._channels: list[Channel] = []
        self._leaving: list[Channel] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._stirred = asyncio.Event()
        self._wanted_now = asyncio.Event()
        self._failures = 0
        self._last_failure: Failure | None = None
        self._was_open = False
        self._trouble_told = False
        self._keeper: asyncio.Task[None] | None = None

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
        channels, self._channels, self._leaving = [*self._channels, *self._leaving], [], []
        await asyncio.gather(*(channel.close() for channel in channels))
        self._wake_waiters()

    async def channel(self, patience: float) -> Channel:
        """A channel with room for a request, waited for at most ``patience`` seconds.

        Raises TurnBroken with the last thing that went wrong. A refusal that time will not mend is raised as
        soon as it is known.
        """
        deadline = asyncio.get_running_loop().time() + patience
        asked = False
        stale = self._last_failure
        while (channel := self._best()) is None:
            if self._keeper is None:
                raise TurnBroken(
                    Failure("connection", "The service is not connected: it was stopped or never started")
                )
            if not asked:
                asked = True
                self._wanted_now.set()
            elif (new := self._last_failure) is not None and new is not stale and _is_hopeless(new):
                raise TurnBroken(new)
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            self._stirred.set()
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                raise TurnBroken(
                    self._last_failure or Failure("connection", f"No connection within {patience:g} s")
                ) from None
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return channel

    # -- which channel -----------------------------------------------------------------------------

    def _is_young(self, channel: Channel) -> bool:
        return asyncio.get_running_loop().time() - channel.opened_at < self._upkeep.rotate_after

    def _best(self) -> Channel | None:
        with_room = [channel for channel in self._channels if channel.has_room]
        return next(
            (channel for channel in with_room if self._is_young(channel)), with_room[0] if with_room else None
        )

    def _missing(self) -> int:
        """How many channels should be opened now."""
        if not self._upkeep.ahead and self._was_open:
            return 1 if self._waiters and self._best() is None else 0
        # A server without lanes loses a channel with every interruption: a spare stands ready.
        wanted = 2 if self.lanes is False else 1
        return wanted - sum(self._counts(channel) for channel in self._channels)

    def _counts(self, channel: Channel) -> bool:
        if not channel.is_open or channel.retired or not self._is_young(channel):
            return False
        return channel.has_room or self.lanes is False or (self.lanes is None and not self._waiters)

    def _changed(self, channel: Channel) -> None:
        if channel.lanes is not None:
            self.lanes = channel.lanes
        self._stirred.set()

    # -- keeping it --------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            self._stirred.clear()
            self._sort_out()
            if self._missing() <= 0:
                await self._rest()
            elif self._failures and not self._wanted_now.is_set():
                pause = backoff(
                    self._failures,
                    self._rng,
                    least=self._upkeep.backoff_least,
                    most=self._upkeep.backoff_most,
                )
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wanted_now.wait()
                        self._failures = 0  # someone is waiting: begin with short pauses again
                await self._open_one()
            else:
                await self._open_one()

    def _sort_out(self) -> None:
        """Forget channels that are closed, and let old ones go once there is a young one."""
        now = asyncio.get_running_loop().time()
        for channel in [channel for channel in self._channels if not channel.is_open]:
            self._channels.remove(channel)
            self._leaving.append(channel)
            if channel.proven or now - channel.opened_at > _LONG_ENOUGH:
                self._failures = 0
            else:
                # Let in and thrown out without a word: that counts as a failed attempt, or we would knock for
                # ever.
                self._failures += 1
                self._last_failure = channel.failure
        self._leaving = [channel for channel in self._leaving if not channel.is_gone]
        if any(self._is_young(channel) and channel.has_room for channel in self._channels):
            for channel in self._channels:
                if not self._is_young(channel):
                    channel.retire()

    async def _rest(self) -> None:
        """Sleep until something changes or the next channel grows old."""
        now = asyncio.get_running_loop().time()
        ages = [now - channel.opened_at for channel in self._channels if self._is_young(channel)]
        pause = max(0.001, self._upkeep.rotate_after - max(ages)) if ages else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._stirred.wait()

    async def _open_one(self) -> None:
        self._wanted_now.clear()
        try:
            channel = await self._endpoint.dial(
                timeout=self._upkeep.connect, pulse=self._pulse, lanes=self.lanes, changed=self._changed
            )
        except TurnBroken as broken:
            await self._note_failure(broken.failure)
            return
        except Exception as error:  # a header callback, TLS, a proxy: whatever it is, the keeper must live
            await self._note_failure(
                Failure("connection", f"No connection to {self._endpoint.url}: {error!r}")
            )
            return
        self._channels.append(channel)
        self._last_failure = None
        self._trouble_told = False
        replaced, self._was_open = self._was_open, True
        if self._failures:
            logger.info(f"Responses WebSocket: connected again after {self._failures} failed attempts")
        self._wake_waiters()
        if replaced:
            self._opened(channel)

    async def _note_failure(self, failure: Failure) -> None:
        self._failures += 1
        self._last_failure = failure
        logger.warning(f"Responses WebSocket: {failure.message}")
        self._wake_waiters()
        if not self._trouble_told:
            self._trouble_told = True
            await self._in_trouble(failure)
        if is_permanent(failure):
            # Nothing changes until a person acts; a turn that comes anyway shall find out.
            await self._wanted_now.wait()

    def _wake_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
