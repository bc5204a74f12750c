"""Passes every request of a server to the control API, or to the session that the request names.

Each session has an HttpHandler of its own, as if it were a server; one TCP connection may carry requests for
several of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from mock_openai.control.api import PREFIX, ControlApi
from mock_openai.protocol.errors import ApiError
from mock_openai.session import HEADER, Session, name_of
from mock_openai.sessions import Sessions
from mock_openai.transport import health
from mock_openai.transport.api_keys import caller_of
from mock_openai.transport.cors import Pages
from mock_openai.transport.http import HttpHandler
from mock_openai.transport.http_reply import HttpReply
from mock_openai.transport.tcp import TcpConnection


class Router:
    """Receives every HTTP request of a server, and knows which sessions a connection has used."""

    def __init__(
        self,
        own: Session,
        sessions: Sessions,
        control: ControlApi,
        check: Callable[[], Awaitable[None]],
    ) -> None:
        self._own = own
        self._pages = Pages(own.state.settings.origins, own.state.settings.hosts)
        self._check = check
        self._sessions = sessions
        self._control = control
        self._handler = HttpHandler(own.state)
        self._handlers: dict[Session, HttpHandler] = {}
        self._visited: dict[web.RequestHandler, list[HttpHandler]] = {}
        sessions.on_delete = self._session_deleted
        sessions.in_use = self._in_use

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path.startswith(PREFIX):
            return await self._control.handle(request)
        if request.path in (health.HEALTH, health.READY):
            return await health.answer(request, stopping=self._own.state.stopping, check=self._check)
        try:
            session = self._session(request)
        except ValueError as error:
            reply = HttpReply(request, self._own.engine.ids, self._pages)
            await reply.error(ApiError(str(error), param=HEADER))
            return reply.response or web.Response()
        if session is None:
            return await self._handler.handle(request)
        handler = self._handlers.get(session)
        if handler is None:
            handler = self._handlers[session] = HttpHandler(session.state)
        visited = self._visited.setdefault(request.protocol, [])
        if handler not in visited:
            if session.refuses and request.transport is not None:
                await TcpConnection(request.transport).reset()
                return web.Response()
            visited.append(handler)
        return await handler.handle(request)

    def hello(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Refuse a client that begins TLS; it cannot have named a session yet."""
        self._handler.connections.hello(handler, transport)

    def fails_hello(self) -> bool:
        """Return whether the next TLS handshake fails by plan."""
        return self._handler.connections.fails_hello()

    def lost(self, handler: web.RequestHandler, exc: BaseException | None) -> None:
        """Note that a connection is over, in every session that it used."""
        self._handler.connections.lost(handler, exc)
        for visited in self._visited.pop(handler, ()):
            visited.connections.lost(handler, exc)

    def go_away(self) -> None:
        """Tell every open WebSocket that the server stops."""
        for handler in (self._handler, *self._handlers.values()):
            handler.go_away()

    def _session(self, request: web.BaseRequest) -> Session | None:
        key = caller_of(request.headers)
        by_key = self._own.state.settings.api_key is None
        name = name_of(request.headers.get(HEADER), key, by_key=by_key)
        return None if name is None else self._sessions.get(name)

    def _session_deleted(self, session: Session) -> None:
        handler = self._handlers.pop(session, None)
        if handler is not None:
            handler.go_away()

    def _in_use(self, session: Session) -> bool:
        handler = self._handlers.get(session)
        return handler is not None and len(handler.connections) > 0
