"""The listening socket and the TCP connections behind it: opened, counted, refused for a while, closed for
good.

aiohttp's own shutdown waits up to a minute for handlers; this one closes every connection itself and is done
in milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from aiohttp import web

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.transport.tcp import Line

BACKLOG = 1024

SPREADS = sys.platform.startswith("linux")
"""Whether the kernel spreads connections over the sockets that share a port; macOS gives them to the last."""

_CLOSING_LIMIT = 0.3
"""Seconds for clients to take what is still buffered when the server stops; then connections are aborted."""

# aiohttp logs malformed request lines and, with a traceback, whatever a handler raises: both may hold keys.
# Nothing a client can do is worth a log line here; the journal has it.
_silent = logging.Logger("mock_openai.aiohttp", logging.CRITICAL + 1)


def bind(host: str, port: int, *, share: bool = False) -> socket.socket:
    """Bind a TCP socket without listening yet; OSError when the address is taken or not ours. Sockets that
    `share` a port may be several.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


_TLS_HANDSHAKE = b"\x16"
"""First byte of what a TLS client sends; no HTTP request begins so."""

Hello = Callable[[web.RequestHandler, asyncio.Transport], None]
"""Told of a client that wants to speak TLS."""


Sharing = Literal["no", "port", "inherited"]
"""Whether other processes listen too: on sockets of their own with the same port, or on this very socket."""

Secure = Callable[[Callable[[], web.RequestHandler], Hello], Callable[[], asyncio.Protocol]]
"""Puts something before the protocol of each new connection, which speaks TLS with the client."""

_HEADERS_WITHIN = 30.0
"""Seconds from a request's first byte to the end of its headers; slower clients get a 408."""

_IDLE_LIMIT = 3600.0
"""Seconds that an HTTP connection may idle."""

_LONGEST_URL, _LONGEST_HEADER = 16 * 1024, 64 * 1024
"""Bytes of a request line and of one header. The edge of the real API takes URLs of 16 KB, and 128 KB of all
headers (documented by Cloudflare).
"""

_SHORT = 16 * 1024
"""Bytes of a chunk that is remembered until the next one."""

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class TcpConnection(web.RequestHandler):
    """One connection, whose first byte tells whether the client speaks TLS, and which does not wait for
    headers for ever.
    """

    __slots__ = ("_hello", "_patience", "_plain", "answering", "at_once", "chunk")

    def __init__(self, server: web.Server, hello: Hello, **options: Any) -> None:
        super().__init__(server, **options)
        self._hello = hello
        self._plain: bool | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.answering = False
        """Whether a request's headers are there and its answer is not over."""
        self.at_once: Callable[[bytes], bool] | None = None
        """Asked first about what arrives; what it does not take goes to aiohttp, and so does what follows."""
        self.chunk = b""
        """What arrived last, if it is short and began no later than a request."""

    def idle(self) -> bool:
        """Whether aiohttp waits for a request, and has seen nothing of the next."""
        return self._waiter is not None and not self._waiter.done()

    def arrived(self) -> None:
        """Learn that a request's headers are there."""
        self.answering = True
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing any more."""
        self.arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is a TLS hello."""
        if not data:  # aiohttp's own way to have another look at what it holds
            super().data_received(data)
            return
        if self.at_once is not None:
            if self.at_once(data):
                self._next_keepalive_close_time = self._loop.time() + _IDLE_LIMIT
                return
            self.at_once = None
        self.chunk = data if self._patience is None and len(data) <= _SHORT else b""
        if self._plain is None:
            self._plain = not data.startswith(_TLS_HANDSHAKE)
            if not self._plain and isinstance(self.transport, asyncio.Transport):
                self._hello(self, self.transport)
        if self._plain:
            if not self.answering and self._patience is None and b"\r\n\r\n" not in data:
                loop = asyncio.get_running_loop()
                self._patience = loop.call_later(_HEADERS_WITHIN, self._give_up)
            super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP: as the API words errors, without repeating what may hold a key."""
        answer = super().handle_error(request, status, exc, message)
        if isinstance(answer, web.Response) and status < 500:
            why = (message or "").partition(":")[0].rstrip(".")
            error = ApiError(
                f"This is not a valid HTTP request{f': {why}' if ' ' in why else ''}.", status=status
            )
            answer.body = json.pretty(error.body())
            answer.content_type = "application/json"
        return answer

    def _give_up(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            Line(self.transport).hang_up(_TOO_SLOW)


class _Connections(web.Server):
    """aiohttp's low-level server, which tells of lost connections."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        lost: Callable[[web.RequestHandler, BaseException | None], None],
        hello: Hello,
    ) -> None:
        super().__init__(
            self._answer,
            handler_cancellation=True,
            access_log=None,
            logger=_silent,
            auto_decompress=False,
            keepalive_timeout=_IDLE_LIMIT,
            max_line_size=_LONGEST_URL,
            max_field_size=_LONGEST_HEADER,
        )
        self._answered_by = handler
        self._lost = lost
        self._hello = hello

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, TcpConnection)
        connection.arrived()
        try:
            return await self._answered_by(request)
        finally:
            connection.answering = False

    def __call__(self) -> web.RequestHandler:
        """Make the handler of a new connection."""
        return TcpConnection(self, self._hello, loop=self._loop, **self._kwargs)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Tell, then do the bookkeeping."""
        self._lost(handler, exc)
        super().connection_lost(handler, exc)


class Listener:
    """Listens on one port and hands requests to `handler`; over TLS when it is to be `secure`."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        lost: Callable[[web.RequestHandler, BaseException | None], None],
        hello: Hello,
        *,
        shared: Sharing = "no",
        secure: Secure | None = None,
    ) -> None:
        self._handler = handler
        self._told_lost = lost
        self._hello = hello
        self._shared = shared
        self._secure = secure
        self._connections: _Connections | None = None
        self._listening: asyncio.Server | None = None
        self._bound: socket.socket | None = None
        self._again: asyncio.TimerHandle | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def start(self, bound: socket.socket) -> None:
        """Listen on a bound socket."""
        self._connections = _Connections(self._handler, self._told_lost, self._hello)
        self._bound = bound
        await self._listen()

    def refuse(self, seconds: float) -> None:
        """Stop listening for a while. The port stays bound, so that nobody else gets it; clients see
        ECONNREFUSED.
        """
        if self._bound is None:
            return
        address = self._bound.getsockname()
        if self._listening is not None:
            # A socket that others inherited too cannot be bound anew; who connects waits instead.
            kept = self._bound.dup() if self._shared == "inherited" else None
            self._listening.close()
            self._listening = None
            self._bound = kept or bind(address[0], address[1], share=self._shared == "port")
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(seconds, self._reopen)

    async def stop(self) -> None:
        """Close the port and every connection; returns when no handler is left."""
        if self._again is not None:
            self._again.cancel()
        if self._reopening is not None:
            await self._reopening
        if self._listening is not None:
            self._listening.close()
        elif self._bound is not None:
            self._bound.close()
        self._listening = self._bound = None
        connections, self._connections = self._connections, None
        if connections is None:
            return
        for connection in connections.connections:
            connection.close()
            if connection.transport is not None:
                Line(connection.transport).hang_up()
        if await _emptied(connections):
            return
        # A client that does not read keeps its connection open; and a handler may be slow to go.
        for connection in connections.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await _emptied(connections)

    def _reopen(self) -> None:
        self._again = None
        self._reopening = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        assert self._bound is not None
        assert self._connections is not None
        factory = self._secure(self._connections, self._hello) if self._secure else self._connections
        # asyncio accepts as many at once as the backlog holds; of an inherited socket each takes one at a
        # time, so that all have something to do.
        inherited = self._shared == "inherited"
        self._listening = await asyncio.get_running_loop().create_server(
            factory, sock=self._bound, backlog=1 if inherited else BACKLOG
        )
        if inherited:
            self._bound.listen(BACKLOG)


async def _emptied(connections: web.Server) -> bool:
    """Wait a little until no connection is left; whether that came true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _CLOSING_LIMIT
    # Closing an idle connection takes a few turns of the loop and no time at all.
    for _ in range(8):
        if not connections.connections:
            return True
        await asyncio.sleep(0)
    while connections.connections and loop.time() < deadline:  # noqa: ASYNC110 - aiohttp has no event
        await asyncio.sleep(0.001)
    return not connections.connections
