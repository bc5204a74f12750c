"""One open WebSocket and the responses in flight on it.

A channel reads everything that arrives and hands each event to the response it belongs to, by the lane
(``stream_id``) that the server echoes. A response that nobody wants any more keeps its lane until its last
event has come, and whatever arrives on it is dropped; so the next turn starts at once on another lane and
never hears a word of it. A server that echoes no lanes can carry one response at a time, and an abandoned one
costs it the channel.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from loguru import logger
from websockets.exceptions import ConnectionClosed

from .continuation import Memory
from .errors import Failure, TurnBroken
from .wire import MessageSocket

__all__ = ["Channel", "Event", "InFlight", "Pulse"]

Event = Mapping[str, Any] | None
"""A response event; None stands for something that arrived and could not be read."""

# Documented: 32 names per connection lifetime, 16 responses at work at the same time. Some distance is kept.
MOST_LANES = 30
_MOST_IN_FLIGHT = 12

_TERMINAL = frozenset({"response.completed", "response.failed", "response.incomplete"})
_TURNING_POINTS = _TERMINAL | {"response.created", "error"}
_TOO_BIG, _POLICY = 1009, 1008


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a silent peer is found out, in seconds.

    Parameters:
        idle: Silence after which an idle connection is asked for a sign of life.
        busy: The same while a response is awaited.
        answer: How long the answer may take.
        send: How long a message may wait for a peer that does not read.
        close: How long a closing handshake may take.
    """

    idle: float = 5.0
    busy: float = 2.0
    answer: float = 2.0
    send: float | None = 5.0
    close: float = 2.0


class InFlight:
    """One response that was asked for and whose last event has not come yet."""

    def __init__(self, lane: str | None, abandon: Callable[["InFlight"], None]) -> None:
        self.lane = lane
        self.began = False
        self.over = False
        self.abandoned = False
        self._events: deque[Event] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Failure | None = None
        self._abandon = abandon

    async def receive(self, timeout: float) -> list[Event]:
        """The next events, all that are there; waits for at least one.

        Raises TimeoutError after ``timeout`` seconds of silence and TurnBroken when the channel was lost.
        """
        if not self._events:
            if self._failure is not None:
                raise TurnBroken(self._failure)
            await self._wait(timeout)
            if not self._events:
                if self._failure is not None:
                    raise TurnBroken(self._failure)
                raise TimeoutError
        events = list(self._events)
        self._events.clear()
        return events

    async def _wait(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(max(0.0, timeout), self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def take(self, event: Event) -> None:
        """An event of this response arrived."""
        if self.abandoned:
            return
        self._events.append(event)
        if self._waiter is not None:
            self._wake()

    def fail(self, failure: Failure) -> None:
        """No more events will come."""
        self._failure = failure
        self._wake()

    def abandon(self) -> None:
        """Nobody wants this response any more. Costs nothing and never waits."""
        if not self.abandoned:
            self.abandoned = True
            self._events.clear()
            self._abandon(self)


class Channel:
    """One open WebSocket."""

    def __init__(
        self,
        socket: MessageSocket,
        *,
        pulse: Pulse,
        lanes: bool | None,
        changed: Callable[["Channel"], None],
    ) -> None:
        """Take over an open socket. ``lanes``: whether the server echoes them, None while unknown."""
        self._socket = socket
        self._pulse = pulse
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._in_flight: dict[str | None, InFlight] = {}
        self._names: list[str] = []
        self._stirred = asyncio.Event()
        self._last_heard = self._loop.time()
        self.lanes = lanes
        self.memory = Memory()
        self.opened_at = self._loop.time()
        self.failure: Failure | None = None
        """Why the channel is closed; None while it is open."""
        self.proven = False
        """Whether the server gave a sign of life on it, or we ended it; False if let in and thrown out."""
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
    def has_room(self) -> bool:
        """Whether another request may go out on it now."""
        if self.retired or not self.is_open:
            return False
        if self.lanes is not True:
            return not self._in_flight
        free = len(self._names) < MOST_LANES or any(name not in self._in_flight for name in self._names)
        return free and len(self._in_flight) < _MOST_IN_FLIGHT

    def pick_lane(self, keep: str | None) -> str | None:
        """A lane to ask on: a free one that keeps the least, never the one that is continued from."""
        if self.lanes is False:
            return None
        free = [name for name in self._names if name not in self._in_flight and name != keep]
        if free:
            remembered = list(self.memory.lanes())
            return min(free, key=lambda name: remembered.index(name) if name in remembered else -1)
        if len(self._names) >= MOST_LANES:
            return keep
        self._names.append(f"lane-{len(self._names) + 1}")
        return self._names[-1]

    async def create(self, lane: str | None, message: bytes) -> InFlight:
        """Send a ``response.create``; return the response to wait for. Raises TurnBroken if it is lost."""
        if self.failure is not None:
            raise TurnBroken(self.failure)
        flight = InFlight(lane, self._abandoned)
        self._in_flight[lane] = flight
        self._stirred.set()
        try:
            async with asyncio.timeout(self._pulse.send):
                await self._socket.send(message, text=True)
        except TimeoutError:
            self.abort(f"the server did not take a message for {self._pulse.send:g} s")
        except ConnectionClosed as closed:
            self._over(_failure_of_close(closed))
        except asyncio.CancelledError:
            # How much of the message left is not known: the response is in flight, and nobody will wait for
            # it.
            flight.abandon()
            raise
        if self.failure is not None:
            raise TurnBroken(self.failure)
        return flight

    def go_without_lanes(self) -> None:
        """The server turned out not to know them."""
        self.lanes = False
        self._changed(self)

    # -- what arrives ------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Wait for the end; until then take what did not come in one piece."""
        try:
            while True:
                self._take(await self._socket.recv(decode=False))
        except ConnectionClosed as closed:
            self._over(_failure_of_close(closed))

    def _take(self, message: bytes) -> None:
        self._last_heard = self._loop.time()
        self.proven = True
        try:
            event = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            event = None
        self._route(event if isinstance(event, dict) else None)

    def _route(self, event: dict[str, Any] | None) -> None:
        flight: InFlight | None
        if event is None:
            logger.warning("Responses WebSocket: a message arrived that is no JSON object")
            for flight in self._in_flight.values():
                flight.take(None)
            return
        kind = event.get("type")
        lane = event.get("stream_id")
        lane = lane if isinstance(lane, str) else None
        flight = self._in_flight.get(lane) or (self._owner_of_unnamed(kind) if lane is None else None)
        if flight is not None and kind not in _TURNING_POINTS:
            flight.take(event)
            return
        if kind == "error" and _is_limit(event):
            self.retire()
        if flight is None:
            if kind == "error":
                logger.info(f"Responses WebSocket: unsolicited error {event.get('error')}")
            return
        if kind == "response.created":
            flight.began = True
            if flight.lane is not None and self.lanes is None:
                self.lanes = lane is not None
                self._changed(self)
        if kind in _TERMINAL or (kind == "error" and not flight.began):
            self._land(flight)
        flight.take(event)

    def _owner_of_unnamed(self, kind: object) -> InFlight | None:
        """The response that an event without a lane belongs to, if there can be no doubt."""
        waiting = [flight for flight in self._in_flight.values() if not flight.abandoned]
        if kind == "error":
            waiting = [flight for flight in waiting if not flight.began] or waiting
        return waiting[0] if len(waiting) == 1 and len(self._in_flight) == 1 else None

    def _land(self, flight: InFlight) -> None:
        flight.over = True
        if self._in_flight.get(flight.lane) is flight:
            del self._in_flight[flight.lane]
        if self.retired:
            self._close_when_empty()

    # -- ends --------------------------------------------------------------------------------------

    def _abandoned(self, flight: InFlight) -> None:
        if flight.over or not self.is_open:
            return
        if not self.lanes:
            # Its events could not be told from those of the next response.
            self.abort("its response was abandoned")

    def retire(self) -> None:
        """Take no more requests, let what is in flight arrive, then close."""
        if not self.retired:
            self.retired = True
            self._changed(self)
        self._close_when_empty()

    def _close_when_empty(self) -> None:
        if self.is_open and all(flight.abandoned for flight in self._in_flight.values()):
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
        self._watcher.cancel()
        for flight in self._in_flight.values():
            flight.fail(failure)
        self._in_flight.clear()
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

    async def _watch(self) -> None:
        """Ask for a sign of life after some silence, and drop the connection when none comes."""
        while True:
            self._stirred.clear()
            limit = self._pulse.busy if self._in_flight else self._pulse.idle
            silence = self._loop.time() - self._last_heard
            # Less than a millisecond is rounding: waiting for it might end before the clock has moved at all.
            if limit - silence > 0.001:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(limit - silence):
                        await self._stirred.wait()
                continue
            if not await self._answers_ping():
                self.abort(f"no sign of life within {self._pulse.answer:g} s")
                return
            self.proven = True
            self._last_heard = self._loop.time()

    async def _answers_ping(self) -> bool:
        pong: asyncio.Future[float] | None = None
        try:
            async with asyncio.timeout(self._pulse.answer):
                pong = asyncio.ensure_future(await self._socket.ping())
                await asyncio.shield(pong)
        except TimeoutError:
            # The loop may have been busy elsewhere while the answer lay there.
            return pong is not None and pong.done() and pong.exception() is None
        except ConnectionClosed:
            return True  # the reader tells
        return True


def _is_limit(event: Mapping[str, Any]) -> bool:
    error = event.get("error")
    return isinstance(error, Mapping) and error.get("code") == "websocket_connection_limit_reached"


def _failure_of_close(closed: ConnectionClosed) -> Failure:
    code = closed.rcvd.code if closed.rcvd is not None else None
    reason = closed.rcvd.reason if closed.rcvd is not None else ""
    said = (
        f"close code {code}{f', {reason}' if reason else ''}" if code is not None else "no closing handshake"
    )
    if code == _TOO_BIG:
        return Failure(
            "websocket", f"The request was too big for the server ({said})", code="message_too_big"
        )
    if code == _POLICY:
        return Failure(
            "websocket",
            f"The server closed the connection for reasons of policy ({said})",
            code="policy_violation",
        )
    return Failure("connection", f"The connection to the server was lost ({said})")
