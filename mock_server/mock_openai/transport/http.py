"""Every request that arrives by HTTP: authorization, dispatch, and creating a response without a WebSocket.

One entry point for all requests of a session. The WebSocket upgrade branches off here (to `websocket`);
`rest` reads and deletes stored responses.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging

from aiohttp import HttpVersion11, web

from mock_openai.delivery import Delivery
from mock_openai.faults.context import Effect
from mock_openai.faults.trigger import Position
from mock_openai.journal import redact
from mock_openai.protocol import json
from mock_openai.protocol.errors import (
    ApiError,
    invalid_api_key,
    invalid_url,
    missing_api_key,
    server_error,
)
from mock_openai.responders.answer import Relayed
from mock_openai.state import Begun, ClientConnection, ServerState
from mock_openai.threads import in_thread
from mock_openai.transport.api_keys import caller_of
from mock_openai.transport.body import LARGE_BODY, read_body, received_create, to_note
from mock_openai.transport.connections import Connections
from mock_openai.transport.cors import Pages, preflight
from mock_openai.transport.exchange import Exchange
from mock_openai.transport.fault_contexts import HandshakeContext
from mock_openai.transport.handshake import is_upgrade
from mock_openai.transport.http_connection import HttpConnection
from mock_openai.transport.http_reply import HttpReply, Written
from mock_openai.transport.repeated_head import RepeatedHead
from mock_openai.transport.rest import Rest
from mock_openai.transport.routes import own_path
from mock_openai.transport.tcp import TcpConnection
from mock_openai.transport.websocket import SocketSession
from mock_openai.turn.plan import Caller
from mock_openai.turn.request_cache import ReceivedRequest

logger = logging.getLogger("mock_openai")

CREATE = "/v1/responses"


class HttpHandler:
    """Handles every HTTP request of a server, or of one of its sessions."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._pages = Pages(state.settings.origins, state.settings.hosts)
        self._rest = Rest(state)
        self.connections = Connections(state)
        self._sessions: set[SocketSession] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Whatever happens, the client gets an answer in the API's form or a broken
        connection.
        """
        state = self._state
        reply = HttpReply(
            request,
            state.engine.ids,
            self._pages,
            unauthorized_as_text=_unauthorized_as_text(state, request),
        )
        try:
            await self._route(request, reply)
        except ApiError as error:
            if reply.response is None:
                await reply.error(error)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            logger.exception("%s %s failed", request.method, redact.path(request.path_qs))
            if reply.response is None:
                await reply.error(server_error())
        finally:
            answered = reply.response
            state.metrics.answered(own_path(request.path), None if answered is None else answered.status)
        # A fault may have ended the connection before any answer; aiohttp needs a response object anyway.
        return reply.response or web.Response()

    def go_away(self) -> None:
        """Tell every open WebSocket that the server stops."""
        self._state.background.stop()
        self.connections.go_away()
        for session in tuple(self._sessions):
            session.go_away()

    async def _route(self, request: web.BaseRequest, reply: HttpReply) -> None:
        upgrade = _is_upgrade(request)
        connection = self.connections.of(request, websocket=upgrade)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has disconnected")
        tcp = TcpConnection(transport)
        exchange = Exchange(request, reply, connection, tcp)
        connection.busy = True
        if connection.first:
            connection.first = False
            context = HandshakeContext(self._state, connection, tcp, reply)
            if (
                await context.inject(self._state.faults.take("handshake", Position(connection.number)))
                is Effect.STOP
            ):
                return
        try:
            self._pages.check(request.headers)
            if (headers := preflight(request.method, request.headers)) is not None:
                self._state.note("request", connection.number, exchange.noted(None))
                await reply.whole(200, headers, b"")
                return
            if request.headers.get("Expect", "").lower() == "100-continue":
                tcp.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            key = self._authorize(request)
            if (
                upgrade
                and (refused := await self._state.engine.answer_handshake(request.path_qs)) is not None
            ):
                self._state.note("status", connection.number, {"status": refused.status})
                await exchange.deliver(self._state, streamed=False).replay(refused)
            elif upgrade:
                await self._socket(exchange, key)
            elif request.method == "POST" and own_path(request.path) == CREATE:
                await self._create(exchange, key)
            else:
                await self._other(exchange)
        except ApiError as error:
            self._note_error(connection, error)
            raise

    def _authorize(self, request: web.BaseRequest) -> str | None:
        """Return the caller's key. Raises ApiError 401 if this server requires another."""
        wanted = self._state.settings.api_key
        given = caller_of(request.headers)
        if wanted is None:
            return given
        if not given:
            raise missing_api_key()
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode()):
            raise invalid_api_key(given)
        return given

    async def _socket(self, exchange: Exchange, key: str | None) -> None:
        session = SocketSession(self._state, exchange.connection, exchange.tcp, key)
        self._sessions.add(session)
        try:
            exchange.reply.response = await session.run(exchange.request)
        finally:
            self._sessions.discard(session)

    async def _create(self, exchange: Exchange, key: str | None) -> None:
        state, request, connection = self._state, exchange.request, exchange.connection
        begun, connection.begun = connection.begun, None
        if begun is None:
            position = state.next_turn(connection)
            error: ApiError | None = None
            received: ReceivedRequest | None = None
            try:
                data = await read_body(request)
                if len(data) > LARGE_BODY:
                    received = await in_thread(self._read_ahead, data, exchange.content_type)
                else:
                    received = received_create(state.requests, data, exchange.content_type)
            except ApiError as wrong:
                error = wrong
            if received is None:
                assert error is not None, "a body is received or refused"
                state.note("request", connection.number, exchange.noted({}), turn=position.number)
                self._note_error(connection, error, position.number)
                await exchange.reply.error(error)
                return
            head = json.compact({"method": request.method, "path": redact.path(request.path_qs)})
            body_noted = received.noted(state.journal.redactor)
            state.note_create(position, head, body_noted, asyncio.get_running_loop().time())
            caller = Caller(
                transport="http",
                connection=connection.number,
                key=key,
                headers=request.headers,
                query=request.rel_url.raw_query_string,
            )
            begun = Begun(received, caller, position, None)
        else:
            await read_body(request)
        body = begun.received.body
        writer = exchange.writer(
            streamed=body.get("stream") is True, background=body.get("background") is True
        )
        await Delivery(state, writer, connection, begun.position).run(
            begun.received, begun.caller, begun.plan
        )
        self.connections.arm_idle_faults(request, connection, exchange.tcp)
        self._use_fast_path(exchange, begun.caller)

    def _read_ahead(self, data: bytes, content_type: str) -> ReceivedRequest:
        return self._state.read_ahead(received_create(self._state.requests, data, content_type), "http")

    def _use_fast_path(self, exchange: Exchange, caller: Caller) -> None:
        """Put the connection on the fast path, if this create was suitable for it."""
        handler, reply = exchange.request.protocol, exchange.reply
        fast = reply.fast if isinstance(reply.response, Written) else None
        # A session may be forgotten at any time, so the next request has to look it up again.
        if fast is None or not isinstance(handler, HttpConnection) or self._state.engine.session is not None:
            return
        with contextlib.suppress(ValueError):
            handler.fast_path = RepeatedHead(
                self._state,
                exchange.connection,
                handler,
                exchange.tcp,
                caller,
                fast,
                path=redact.path(exchange.request.path_qs),
                content_type=exchange.content_type,
            )

    async def _other(self, exchange: Exchange) -> None:
        request = exchange.request
        exchange.data = data = await read_body(request)
        given = data, exchange.content_type, self._state.journal.redactor
        noted = await in_thread(to_note, *given) if len(data) > LARGE_BODY else to_note(*given)
        self._state.note("request", exchange.connection.number, exchange.noted(noted))
        recorded = await self._state.engine.answer_http(request.method, request.path_qs, data)
        if recorded is not None:
            await exchange.deliver(self._state, streamed=bool(recorded.events)).replay(recorded)
            return
        followed = await self._rest.followed(request)
        if followed is not None:
            await exchange.deliver(self._state, streamed=True).watch(*followed)
            return
        upstream = self._state.upstream
        path = own_path(request.path)
        if upstream is not None and not await self._rest.knows(path, upstream.created):
            passed = await upstream.pass_on(request.method, own_path(request.path_qs), request.headers, data)
            if isinstance(passed, ApiError):
                raise passed
            streamed = isinstance(passed, Relayed)
            await exchange.deliver(self._state, streamed=streamed).replay(passed)
            return
        answer = self._rest.route(request.method, path)
        if answer is None:
            raise invalid_url(request.method, request.path)
        await answer(exchange)

    def _note_error(self, connection: ClientConnection, error: ApiError, turn: int | None = None) -> None:
        self._state.note("status", connection.number, redact.error(error), turn=turn)


def _is_upgrade(request: web.BaseRequest) -> bool:
    asked = request.method == "GET" and request.version == HttpVersion11
    return asked and own_path(request.path) == CREATE and is_upgrade(request.headers)


def _unauthorized_as_text(state: ServerState, request: web.BaseRequest) -> bool:
    form = state.settings.behaviour.unauthorized
    return form == "text" or (form == "auto" and _is_upgrade(request))
