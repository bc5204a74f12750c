"""WebSocket mode: one socket, many turns.

A SocketSession reads messages, queues creates by lane and runs each as a Delivery of its own; it also
enforces the connection's lifetime, and injects faults while no turn is under way. A bad message is answered,
never fatal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from aiohttp import web

from mock_openai.clock import Timer
from mock_openai.journal import redact
from mock_openai.memory import LaneMemory
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError, connection_limit_reached
from mock_openai.state import ClientConnection, ServerState
from mock_openai.threads import in_thread
from mock_openai.transport.body import LARGE_BODY
from mock_openai.transport.fault_contexts import IdleContext
from mock_openai.transport.headers import handshake_headers
from mock_openai.transport.idle_timers import IdleTimers
from mock_openai.transport.messages import binary_message, known_types, read_message
from mock_openai.transport.socket_turns import SocketTurns
from mock_openai.transport.tcp import TcpConnection
from mock_openai.transport.timed_faults import TimedFaults
from mock_openai.transport.websocket_connection import WebSocketConnection
from mock_openai.turn.plan import Caller
from mock_openai.turn.request_cache import ReceivedRequest
from mock_openai.wire.frames import TEXT, close_frame, frame


class SocketSession:
    """One WebSocket connection, from its handshake to its close."""

    def __init__(
        self, state: ServerState, connection: ClientConnection, tcp: TcpConnection, key: str | None
    ) -> None:
        self.tcp = tcp
        self._state = state
        self._handling = False
        self._connection = connection
        self._key = key
        self._types: tuple[str, ...] = ()
        self._behaviour = state.settings.behaviour
        self._websocket = WebSocketConnection(
            tcp, max_message=self._behaviour.max_message, deflate=self._behaviour.deflate
        )
        self._lanes = LaneMemory(keep_all=self._behaviour.socket_memory == "all")
        self._idle_timers = IdleTimers(
            self._behaviour, state.clock, self.tcp, idle=lambda: self._queue.is_idle()
        )
        self._turns = SocketTurns(
            state,
            connection,
            self,
            self._called_by({}, ""),
            self._lanes,
            spawn=self._spawn,
            restart_idle_timer=self._idle_timers.restart,
            ended=self._turn_ended,
        )
        self._queue = self._turns.queue
        self._websocket.fast_path = self._fast_create
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Event()
        self._gate.set()
        self._limit: Timer | None = None
        self._timed_faults: TimedFaults | None = None

    async def run(self, request: web.BaseRequest) -> web.StreamResponse:
        """Upgrade, then serve until either side closes."""
        self._turns.caller = self._called_by(request.headers, request.rel_url.raw_query_string)
        edge = self._behaviour.handshake_headers == "edge"
        answer = self._websocket.open(request, handshake_headers(self._state.engine.ids) if edge else {})
        self._connection.upgraded = True
        clock = self._state.clock
        self._state.note("status", self._connection.number, {"status": 101})
        self._types = known_types(self._behaviour, request.headers)
        if self._behaviour.at_limit != "next_create":
            self._limit = clock.call_later(self._state.settings.connection_lifetime, self._expire)
        else:
            self._limit = clock.call_later(self._state.settings.connection_lifetime, self._mark_expired)
        context = IdleContext(self._state, self._connection, self.tcp, self._gate)
        self._timed_faults = TimedFaults(
            self._state, self._connection, context, idle=lambda: self._queue.is_idle(), always=True
        )
        self._timed_faults.arm()
        self._idle_timers.begin(self._spawn, self._close_for_idleness)
        try:
            await self._read()
            if self._websocket.broken:
                await self._websocket.linger()
        finally:
            self._timed_faults.end()
            self._idle_timers.end()
            self._limit.cancel()
            for task in tuple(self._tasks):
                task.cancel()
            if self._tasks:
                await asyncio.sleep(0)  # what has left is noted before the close
            self._note_close()
            self._state.engine.hung_up(self._connection.number)
            if self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)
        return answer

    async def write(self, data: bytes) -> None:
        """Write frames, once no fault holds the socket back. Raises ConnectionResetError if the socket is
        closed.
        """
        if not self._gate.is_set():
            await self._gate.wait()
        if self.tcp.dead:
            return
        if self._websocket.closed:
            raise ConnectionResetError("the WebSocket is closed")
        await self._websocket.write(data)

    def is_clear(self) -> bool:
        """Return whether what is written now leaves at once."""
        return self.tcp.is_clear() and self._gate.is_set()

    def push(self, data: bytes) -> bool:
        """Write frames at once; False if a fault holds the socket back, or it is closed, or slow."""
        return self._gate.is_set() and not self._websocket.closed and self.tcp.push(data)

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame and wait a moment for the client's."""
        if self.tcp.gone or self._websocket.closed:
            return
        if code is None:
            self.tcp.write(close_frame(None))
            await self.tcp.fin()
            return
        await self._websocket.close(code, reason)

    def go_away(self) -> None:
        """Close because the server stops: the close frame leaves now, and nobody waits for an answer."""
        self._connection.end("server", how="close", code=1001)
        farewell = b"" if self._websocket.closed else close_frame(1001)
        self.tcp.hang_up(farewell)

    # Reading

    async def _read(self) -> None:
        while (message := await self._websocket.receive()) is not None:
            self._handling = True
            if message.opcode == TEXT:
                await self._handle(message.data)
            else:
                await self._bad_message(binary_message(), close=1003)
            self._handling = False
            await self._turns.has_room()

    def _called_by(self, headers: Mapping[str, str], query: str) -> Caller:
        return Caller(
            transport="websocket",
            connection=self._connection.number,
            key=self._key,
            headers=headers,
            lanes=self._lanes,
            query=query,
        )

    def _fast_create(self, data: bytes) -> bool:
        """Handle a create of the default lane that arrives alone, in the call that brings it; False leaves it
        to the reader.
        """
        if self._handling or self._turns.closing or self._websocket.closed or self._queue.is_full():
            return False
        if len(data) > LARGE_BODY:
            return False
        try:
            message = self._understood(data)
        except ApiError:
            return False
        if not isinstance(message, ReceivedRequest) or message.body.get("stream_id") is not None:
            return False
        self._turns.play_or_queue(message)
        return True

    def _understood(self, data: bytes) -> ReceivedRequest | tuple[str, dict[str, Any]]:
        """Return the cache entry of a create, or another message's type and its other fields. Raises
        ApiError.
        """
        received = self._state.requests.find("websocket", data)
        if received is not None:
            return received
        kind, fields = read_message(data, self._types)
        if kind != "response.create":
            return kind, fields
        return self._state.requests.keep("websocket", data, fields)

    def _read_ahead(self, data: bytes) -> ReceivedRequest | tuple[str, dict[str, Any]]:
        message = self._understood(data)
        return (
            self._state.read_ahead(message, "websocket") if isinstance(message, ReceivedRequest) else message
        )

    async def _handle(self, data: bytes) -> None:
        try:
            large = len(data) > LARGE_BODY
            message = await in_thread(self._read_ahead, data) if large else self._understood(data)
        except ApiError as error:
            await self._bad_message(error, close=1007)
            return
        try:
            match message:
                case ReceivedRequest():
                    await self._create(message)
                case "response.cancel", fields:
                    self._turns.cancel(fields)
                case "response.steer", fields:
                    await self._turns.steer(fields, len(data))
                case "response.inject", fields:
                    await self._turns.inject(fields)
        except ApiError as error:
            await self._refuse(error)

    async def _bad_message(self, error: ApiError, *, close: int) -> None:
        if self._behaviour.bad_message == "answer":
            await self._refuse(error)
        elif self._behaviour.bad_message == "close":
            self._connection.end("server", how="close", code=close)
            self._spawn(self.close(close))  # not here, because the client's answer has yet to be read

    async def _create(self, received: ReceivedRequest) -> None:
        named = received.body.get("stream_id")
        try:
            lane = self._lanes.admit(named)
            if self._turns.closing:
                raise connection_limit_reached(self._state.settings.connection_lifetime)
        except ApiError as error:
            # An error cannot be attributed to a lane whose name is malformed (documented).
            lane = named if isinstance(named, str) else None
            position = self._turns.count(received, lane)
            named_lane = lane if error.code != "invalid_stream_id" else None
            await self._refuse(error, named_lane, position.number)
            if self._turns.closing and not self._queue.running:
                self._spawn(self._close_at_limit(announce=error.code == "invalid_stream_id"))
            return
        self._turns.push(received, lane)

    async def _refuse(self, error: ApiError, lane: str | None = None, turn: int | None = None) -> None:
        self._state.note("status", self._connection.number, redact.error(error), turn=turn, lane=lane)
        await self.write(frame(json.compact(error.frame(lane))))

    async def _turn_ended(self) -> None:
        if self._turns.closing:
            if not self._queue.running:
                await self._close_at_limit()
            return
        self._turns.pump()
        self._idle_timers.restart()
        if self._timed_faults is not None:
            self._timed_faults.arm()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The end of a connection's life

    def _mark_expired(self) -> None:
        self._turns.closing = True

    def _expire(self) -> None:
        self._turns.closing = True
        if self._behaviour.at_limit == "cut" or not self._queue.running:
            self._spawn(self._close_at_limit())

    async def _close_at_limit(self, *, announce: bool = True) -> None:
        error = connection_limit_reached(self._state.settings.connection_lifetime)
        try:
            for create in self._queue.drain():
                await self._refuse(error, create.lane, create.position.number)
                announce = False
            if announce:
                await self._refuse(error)
            if self._behaviour.limit_close is None:
                return
            self._connection.end("server", how="close", code=self._behaviour.limit_close)
            await self.close(self._behaviour.limit_close)
        except ConnectionError:
            return

    async def _close_for_idleness(self) -> None:
        self._connection.end("server", how="close", code=1000)
        await self.close(1000)

    def _note_close(self) -> None:
        code = self._websocket.close_code
        if self._state.stopping:
            self._connection.end("server", how="close", code=1001)
        elif self._websocket.broken:
            self._connection.end("server", how="close", code=code)
        elif code is None:
            self._connection.end("client", how=self._connection.broken)
        else:
            self._connection.end("client", how="close", code=code)
        self._state.note("close", self._connection.number, self._connection.ended or {})
