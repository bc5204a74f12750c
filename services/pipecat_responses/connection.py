"""One open WebSocket: sends requests, gives each event to its response, and ends the connection.

Every event goes to the response it belongs to (``lane_table``). An abandoned response keeps its lane until
its last event has come, and its events are dropped; so the next turn starts at once on another lane and gets
none of them. A server without lanes carries one response at a time; abandoning it costs the connection, as
soon as the server is known to be one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from loguru import logger
from websockets.exceptions import ConnectionClosed

from .categories import CONNECTION_LIMIT
from .close_codes import failure_of_close
from .continuation import Memory
from .errors import Failure, TurnBroken, failure_of_event
from .heartbeat import Ask, Heartbeat, PeerState
from .keys import SentKeys
from .lane_table import LaneTable
from .message_socket import MessageSocket
from .pending import Event, PendingResponse
from .stream import TERMINAL
from .tap import Tap
from .text import TextDelta, read_event

__all__ = ["WebSocketConnection"]

_TURNING_POINTS = TERMINAL | {"response.created", "error"}


class WebSocketConnection:
    """One open WebSocket."""

    def __init__(
        self,
        socket: MessageSocket,
        *,
        heartbeat: Heartbeat,
        lanes: bool | None,
        changed: Callable[["WebSocketConnection"], None],
        tap: Tap,
        keys: SentKeys,
    ) -> None:
        """Take over an open socket. ``lanes``: whether the server echoes them, None while unknown."""
        self._socket = socket
        self._limits = heartbeat
        self._changed = changed
        self._tap = tap
        self._keys = keys
        self._number = tap.opened("websocket")
        self._loop = asyncio.get_running_loop()
        self._lanes: LaneTable[PendingResponse] = LaneTable(lanes)
        self.opened_at = self._loop.time()
        self._peer = PeerState(heartbeat, self.opened_at)
        self.memory = Memory()
        self.failure: Failure | None = None
        """Why the connection is closed; None while it is open."""
        self.proven = False
        """Whether any message arrived on it, or we ended it ourselves. False if the server accepted the
        connection and then closed it, even after a request; if that happens every time, the next attempt
        waits longer.
        """
        self.retired = False
        """Whether it takes no further requests."""
        self._closing: asyncio.Task[None] | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._reader = asyncio.create_task(self._read(), name="responses-websocket-reader")
        self._timer: asyncio.Handle = self._loop.call_soon(self._watch)
        socket.on_messages(self._take)

    # -- what it can do ----------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as known."""
        return self.failure is None

    @property
    def in_doubt(self) -> bool:
        """Whether the server is late with the answer to a ping."""
        return self._peer.in_doubt

    @property
    def has_room(self) -> bool:
        """Whether it takes another request now."""
        return not self.retired and self.is_open and self._lanes.have_room

    @property
    def lanes(self) -> bool | None:
        """Whether the server echoes lanes; None while unknown."""
        return self._lanes.known

    def disable_lanes(self) -> None:
        """Note that the server does not support lanes."""
        self._lanes.known = False
        self._changed(self)

    def pick_lane(self, keep: str | None) -> str | None:
        """Return a lane for a request, if possible other than ``keep``, which it continues from."""
        return self._lanes.pick(keep, list(self.memory.lanes()))

    async def create(self, lane: str | None, message: bytes, *, warm_up: bool = False) -> PendingResponse:
        """Send a ``response.create`` and return the pending response. Raises TurnBroken on a lost connection.

        ``warm_up``: no turn waits for it.
        """
        if self.failure is not None:
            raise TurnBroken(self.failure)
        pending = PendingResponse(lane, self._abandoned, warm_up=warm_up)
        self._lanes.add(pending)
        self._ask_now()
        if self._tap.listener is not None:
            self._tap.show("sent", self._number, message)
        stuck: asyncio.TimerHandle | None = None
        if (limit := self._limits.send) is not None:
            why = f"the server did not accept a message for {limit:g} s"
            stuck = self._loop.call_later(limit, self.abort, why)
        try:
            await self._socket.send(message, text=True)
        except ConnectionClosed as closed:
            self._over(_failure_of(closed))
        except asyncio.CancelledError:
            # How much of the message was sent is not known: the response counts as pending and is abandoned.
            pending.abandon()
            raise
        finally:
            if stuck is not None:
                stuck.cancel()
        if self.failure is not None:
            raise TurnBroken(self.failure)
        return pending

    # -- what arrives ------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Wait for the end; until then take the messages that did not come in one frame."""
        try:
            while True:
                self._take([await self._socket.recv(decode=False)])
        except ConnectionClosed as closed:
            self._over(_failure_of(closed))

    def _take(self, messages: list[bytes]) -> None:
        self._peer.last_heard = self._loop.time()
        self.proven = True
        deltas: list[Event] = []  # pieces of text in a row, all of one lane
        lane: str | None = None
        for message in messages:
            if self._tap.listener is not None:
                self._tap.show("received", self._number, message)
            event = read_event(message)
            if type(event) is TextDelta and event.stream_id == lane:
                deltas.append(event)
                continue
            if deltas:
                self._take_deltas(lane, deltas)
                deltas = []
            if type(event) is TextDelta:
                lane = event.stream_id
                deltas.append(event)
            elif isinstance(event, dict):
                self._route(event)
            else:
                logger.warning("Responses WebSocket: a message is not a JSON object")
                for pending in self._lanes:
                    pending.take([None])
        if deltas:
            self._take_deltas(lane, deltas)

    def _take_deltas(self, lane: str | None, deltas: list[Event]) -> None:
        if (pending := self._lanes.owner(lane, None)) is not None:
            pending.take(deltas)

    def _route(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        lane = event.get("stream_id")
        lane = lane if isinstance(lane, str) else None
        pending = self._lanes.owner(lane, kind)
        if pending is not None and kind not in _TURNING_POINTS:
            pending.take([event])
            return
        if kind == "error" and _is_limit(event):
            self.retire()
        if pending is None:
            if lane is None and self._lanes.shows_no_lanes(kind):
                self._lanes.known = False
                self.abort("the server does not support lanes, and a response was abandoned")
            elif kind == "error":
                error = failure_of_event(event).message
                logger.info(f"Responses WebSocket: unsolicited error: {self._keys.struck(error)}")
            return
        if kind in TERMINAL and self._lanes.ended_before(pending, _id_in(event)):
            return  # a repeated or late event of an earlier response
        if kind == "response.created":
            self._lanes.begin(pending, _id_in(event))
            if pending.lane is not None and self._lanes.known is None:
                self._lanes.known = lane is not None
                self._changed(self)
        pending.failed = pending.failed or kind == "error"
        if kind in TERMINAL or (kind == "error" and not pending.began):
            self._land(pending, _id_in(event))
        pending.take([event])

    def _land(self, pending: PendingResponse, end: str | None) -> None:
        pending.over = True
        self._lanes.remove(pending, end)
        if self.retired:
            self._close_when_empty()

    # -- ends --------------------------------------------------------------------------------------

    def _abandoned(self, pending: PendingResponse) -> None:
        if pending.over or not self.is_open:
            return
        if self.lanes is False:
            # Its events could not be distinguished from those of the next response.
            self.abort("its response was abandoned")
        else:
            # While it is unknown whether the server has lanes, the first event of either response shows it.
            self._ask_now()  # the user interrupted: the next request comes soon

    def retire(self) -> None:
        """Take no more requests, let pending responses end, then close."""
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
        """Drop the connection at once; a dead peer would never answer a closing handshake."""
        self.proven = True
        self._socket.transport.abort()
        self._over(Failure("connection", f"The connection was dropped: {why}"))

    def _over(self, failure: Failure) -> None:
        if self.failure is not None:
            return
        self.failure = failure
        self._tap.show("closed", self._number, failure.message.encode())
        self._timer.cancel()
        for pending in self._lanes:
            pending.fail(failure)
        self._lanes.clear()
        self._changed(self)

    async def close(self) -> None:
        """Close the connection and wait for the end of its tasks."""
        self.proven = True
        self._over(Failure("connection", "the service was stopped"))
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)
        await self._shut()

    @property
    def is_gone(self) -> bool:
        """Whether it is closed and all its tasks have ended."""
        tasks = (self._reader, self._pinging, self._closing)
        return not self.is_open and all(task is None or task.done() for task in tasks)

    async def _shut(self) -> None:
        tasks = [task for task in (self._reader, self._pinging) if task is not None]
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.close):
                    await self._socket.close()
        finally:
            self._socket.transport.abort()
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- heartbeat ---------------------------------------------------------------------------------

    def _ask_now(self) -> None:
        self._peer.ask_now()
        self._watch()

    def _watch(self) -> None:
        """Take the next step about the peer (a ping, doubt, giving up), and schedule the next check. Never
        waits.
        """
        self._timer.cancel()
        while self.failure is None:
            match self._peer.next(self._loop.time(), busy=len(self._lanes) > 0):
                case Ask.PING:
                    # If an earlier one still waits for room in the buffer, the peer reads nothing anyway.
                    if self._pinging is None or self._pinging.done():
                        self._pinging = self._loop.create_task(self._ping(), name="responses-websocket-ping")
                case Ask.DOUBT:
                    self._changed(self)
                case Ask.GIVE_UP:
                    # The loop may have been busy while the answer arrived: let it be read first.
                    self._timer = self._loop.call_soon(self._give_up)
                    return
                case seconds:
                    self._timer = self._loop.call_later(seconds, self._watch)
                    return

    def _give_up(self) -> None:
        if self._peer.next(self._loop.time(), busy=True) is Ask.GIVE_UP:
            self.abort("no answer to a ping")
        else:
            self._watch()

    async def _ping(self) -> None:
        try:
            pong = await self._socket.ping()
        except ConnectionClosed:
            return  # the reader notices it as well
        pong.add_done_callback(self._answered)  # type: ignore[attr-defined]

    def _answered(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            was_in_doubt = self._peer.in_doubt
            self._peer.answered(self._loop.time())
            if was_in_doubt:
                self._changed(self)
            self._watch()  # the next check is due after the next silence; the doubt is over


def _id_in(event: Mapping[str, Any]) -> str | None:
    response = event.get("response")
    found = response.get("id") if isinstance(response, Mapping) else None
    return found if isinstance(found, str) else None


def _is_limit(event: Mapping[str, Any]) -> bool:
    return CONNECTION_LIMIT in failure_of_event(event).codes


def _failure_of(closed: ConnectionClosed) -> Failure:
    if closed.rcvd is None and closed.sent is not None:  # the server broke the protocol, or a limit
        return Failure("connection", f"The connection was dropped: {closed.sent.reason or closed.sent}")
    frame = closed.rcvd
    return failure_of_close(frame.code if frame else None, frame.reason if frame else "")
