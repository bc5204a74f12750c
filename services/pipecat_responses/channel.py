"""The one file that owns a WebSocket: opening it, what goes out, what comes in, and how it ends.

A channel reads everything that arrives and hands each event to the response it belongs to (``lanes`` tells
which). A response that nobody wants any more keeps its lane until its last event has come, and whatever
arrives on it is dropped; so the next turn starts at once on another lane and never hears a word of it. A
server that echoes no lanes can carry one response at a time, and an abandoned one costs it the channel.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from loguru import logger
from websockets.exceptions import ConnectionClosed

from .continuation import Memory
from .doors import failure_of_close
from .errors import Failure, TurnBroken
from .flight import InFlight
from .lanes import Lanes
from .pulse import Ask, Heartbeat, Pulse
from .stream import TERMINAL
from .tap import Tap
from .text import read_event
from .wire import MessageSocket

__all__ = ["Channel"]

_TURNING_POINTS = TERMINAL | {"response.created", "error"}


class Channel:
    """One open WebSocket."""

    def __init__(
        self,
        socket: MessageSocket,
        *,
        pulse: Pulse,
        lanes: bool | None,
        changed: Callable[["Channel"], None],
        tap: Tap,
    ) -> None:
        """Take over an open socket. ``lanes``: whether the server echoes them, None while unknown."""
        self._socket = socket
        self._pulse = pulse
        self._changed = changed
        self._tap = tap
        self._number = tap.opened("websocket")
        self._loop = asyncio.get_running_loop()
        self._lanes: Lanes[InFlight] = Lanes(lanes)
        self._stirred = asyncio.Event()
        self.opened_at = self._loop.time()
        self._heartbeat = Heartbeat(pulse, self.opened_at)
        self.memory = Memory()
        self.failure: Failure | None = None
        """Why the channel is closed; None while it is open."""
        self.proven = False
        """Whether it was of use, or we ended it ourselves; False if the server let us in and threw us out,
        even if it took a request first. Where every request is met so, the next attempt waits longer.
        """
        self.retired = False
        """Whether no further request shall go out on it."""
        self._closing: asyncio.Task[None] | None = None
        socket.on_message(self._take)
        self._reader = asyncio.create_task(self._read(), name="responses-websocket-reader")
        self._watcher = asyncio.create_task(self._watch(), name="responses-websocket-watcher")

    # -- what it can do ----------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as one can know."""
        return self.failure is None

    @property
    def in_doubt(self) -> bool:
        """Whether the server is late with a sign of life."""
        return self._heartbeat.in_doubt

    @property
    def has_room(self) -> bool:
        """Whether another request may go out on it now."""
        return not self.retired and self.is_open and self._lanes.have_room

    @property
    def lanes(self) -> bool | None:
        """Whether the server echoes lanes; None while nobody can tell."""
        return self._lanes.known

    def go_without_lanes(self) -> None:
        """The server turned out not to know them."""
        self._lanes.known = False
        self._changed(self)

    def pick_lane(self, keep: str | None) -> str | None:
        """A lane to ask on, other than the one that keeps what is continued from."""
        return self._lanes.pick(keep, list(self.memory.lanes()))

    async def create(self, lane: str | None, message: bytes, *, aside: bool = False) -> InFlight:
        """Send a ``response.create``; return the response to wait for. Raises TurnBroken if it is lost.

        ``aside``: nobody is kept waiting by it.
        """
        if self.failure is not None:
            raise TurnBroken(self.failure)
        flight = InFlight(lane, self._abandoned, aside=aside)
        self._lanes.take_off(flight)
        self._ask_now()
        if self._tap.listener is not None:
            self._tap.show("sent", self._number, message)
        try:
            async with asyncio.timeout(self._pulse.send):
                await self._socket.send(message, text=True)
        except TimeoutError:
            self.abort(f"the server did not take a message for {self._pulse.send:g} s")
        except ConnectionClosed as closed:
            self._over(_failure_of(closed))
        except asyncio.CancelledError:
            # How much of the message left is not known: the response is in flight, and nobody will wait for
            # it.
            flight.abandon()
            raise
        if self.failure is not None:
            raise TurnBroken(self.failure)
        return flight

    # -- what arrives ------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Wait for the end; until then take what did not come in one piece."""
        try:
            while True:
                self._take(await self._socket.recv(decode=False))
        except ConnectionClosed as closed:
            self._over(_failure_of(closed))

    def _take(self, message: bytes) -> None:
        self._heartbeat.last_heard = self._loop.time()
        self.proven = True
        if self._tap.listener is not None:
            self._tap.show("received", self._number, message)
        self._route(read_event(message))

    def _route(self, event: dict[str, Any] | None) -> None:
        flight: InFlight | None
        if event is None:
            logger.warning("Responses WebSocket: a message arrived that is no JSON object")
            for flight in self._lanes:
                flight.take(None)
            return
        kind = event.get("type")
        lane = event.get("stream_id")
        lane = lane if isinstance(lane, str) else None
        flight = self._lanes.owner(lane, kind)
        if flight is not None and kind not in _TURNING_POINTS:
            flight.take(event)
            return
        if kind == "error" and _is_limit(event):
            self.retire()
        if flight is None:
            if lane is None and self._lanes.are_a_mistake(kind):
                self._lanes.known = False
                self.abort("the server does not know lanes, and it was asked for two responses")
            elif kind == "error":
                logger.info(f"Responses WebSocket: unsolicited error {event.get('error')}")
            return
        if kind == "response.created":
            flight.began = True
            if flight.lane is not None and self._lanes.known is None:
                self._lanes.known = lane is not None
                self._changed(self)
        flight.failed = flight.failed or kind == "error"
        if kind in TERMINAL or (kind == "error" and not flight.began):
            self._land(flight)
        flight.take(event)

    def _land(self, flight: InFlight) -> None:
        flight.over = True
        self._lanes.land(flight)
        if self.retired:
            self._close_when_empty()

    # -- ends --------------------------------------------------------------------------------------

    def _abandoned(self, flight: InFlight) -> None:
        if flight.over or not self.is_open:
            return
        if not self.lanes:
            # Its events could not be told from those of the next response.
            self.abort("its response was abandoned")
        else:
            self._ask_now()  # the user spoke: an answer will be wanted soon

    def retire(self) -> None:
        """Take no more requests, let what is in flight arrive, then close."""
        if not self.retired:
            self.retired = True
            self._changed(self)
        self._close_when_empty()

    def _close_when_empty(self) -> None:
        if self.is_open and self._lanes.all_abandoned:
            self.proven = True
            self._over(Failure("connection", "the connection was replaced"))
            self._closing = asyncio.create_task(self._shut(), name="responses-websocket-close")

    def abort(self, why: str) -> None:
        """Drop the connection at once, without a closing handshake that a dead peer would never answer."""
        self.proven = True
        self._socket.transport.abort()
        self._over(Failure("connection", f"The connection was dropped: {why}"))

    def _over(self, failure: Failure) -> None:
        if self.failure is not None:
            return
        self.failure = failure
        self._tap.show("closed", self._number, failure.message.encode())
        self._watcher.cancel()
        for flight in self._lanes:
            flight.fail(failure)
        self._lanes.clear()
        self._changed(self)

    async def close(self) -> None:
        """Close the connection and wait until nothing of it is left."""
        self.proven = True
        self._over(Failure("connection", "the service was stopped"))
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)
        await self._shut()

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is left, not even a task."""
        tasks = (self._reader, self._watcher, self._closing)
        return not self.is_open and all(task is None or task.done() for task in tasks)

    async def _shut(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pulse.close):
                await self._socket.close()
        self._socket.transport.abort()
        self._reader.cancel()
        self._watcher.cancel()
        await asyncio.gather(self._reader, self._watcher, return_exceptions=True)

    # -- signs of life -----------------------------------------------------------------------------

    def _ask_now(self) -> None:
        self._heartbeat.ask_now()
        self._stirred.set()

    async def _watch(self) -> None:
        """Ask for a sign of life when it is time to, and drop the connection when none comes."""
        while True:
            self._stirred.clear()
            step = self._heartbeat.next(self._loop.time(), busy=len(self._lanes) > 0)
            match step:
                case Ask.PING:
                    await self._ping()
                case Ask.DOUBT:
                    self._changed(self)
                case Ask.GIVE_UP:
                    # The loop may have been busy elsewhere while the answer lay there: let it be read.
                    await asyncio.sleep(0)
                    if self._heartbeat.next(self._loop.time(), busy=True) is Ask.GIVE_UP:
                        self.abort("no sign of life when one was asked for")
                        return
                case float() | int():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(step):
                            await self._stirred.wait()

    async def _ping(self) -> None:
        try:
            # A full buffer would hold the ping back for ever.
            async with asyncio.timeout(self._pulse.prompt):
                pong = await self._socket.ping()
        except (TimeoutError, ConnectionClosed):
            return  # no answer then; or the reader tells
        pong.add_done_callback(self._answered)  # type: ignore[attr-defined]

    def _answered(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            was_in_doubt = self._heartbeat.in_doubt
            self._heartbeat.answered(self._loop.time())
            self._stirred.set()
            if was_in_doubt:
                self._changed(self)


def _is_limit(event: Mapping[str, Any]) -> bool:
    error = event.get("error")
    return isinstance(error, Mapping) and error.get("code") == "websocket_connection_limit_reached"


def _failure_of(closed: ConnectionClosed) -> Failure:
    frame = closed.rcvd
    return failure_of_close(frame.code if frame else None, frame.reason if frame else "")
