"""The listening socket and its TCP connections: accepted, refused for a while, closed.

aiohttp's own shutdown waits up to a minute for handlers; this one closes every connection itself and is done
in milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from aiohttp import web

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.transport.tcp import TcpConnection

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
"""Called for a client that begins a TLS handshake."""


Sharing = Literal["no", "port", "inherited"]
"""Whether other processes listen too: on sockets of their own with the same port, or on this very socket."""

Secure = Callable[[Callable[[], web.RequestHandler], Hello], Callable[[], asyncio.Protocol]]
"""Wraps the protocol of each new connection in TLS."""

_HEADERS_WITHIN = 30.0
"""Seconds from a request's first byte to the end of its headers; slower clients get a 408."""

_IDLE_LIMIT = 3600.0
"""Seconds that an HTTP connection may idle."""

_LONGEST_URL, _LONGEST_HEADER = 16 * 1024, 64 * 1024
"""Bytes of a request line and of one header. The edge of the real API takes URLs of 16 KB, and 128 KB of all
headers (documented by Cloudflare).
"""

_NEVER = 10 * 365 * 86_400.0
"""Seconds that are longer than any server runs."""

_FOLLOWED = 1024 * 1024
"""Bytes up to which it is followed what aiohttp has not answered yet."""

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_BODY_ELSEWHERE = re.compile(rb"\r\n(?:content-encoding|transfer-encoding|expect) *:", re.IGNORECASE)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def first_request(data: bytes) -> tuple[bytes, bytes, int] | None:
    """Return what the first request in these bytes has before and after the length of its body, and where the
    request ends; None when not all of it is there, or its body is coded.
    """
    head, found, body = data.partition(_END_OF_HEAD)
    head += found
    length = _LENGTH.search(head)
    size = int(length[1]) if length else 0
    if not found or size > len(body) or _BODY_ELSEWHERE.search(head):
        return None
    before, after = (head[: length.start(1)], head[length.end(1) :]) if length else (head, b"")
    return before, after, len(head) + size


class HttpConnection(web.RequestHandler):
    """One connection. Its first byte tells whether the client speaks TLS; headers that take too long and
    connections that idle too long end it.
    """

    __slots__ = (
        "_hello",
        "_idle_since",
        "_idle_timer",
        "_patience",
        "_plain",
        "arrived",
        "at_once",
        "between",
    )

    def __init__(self, server: web.Server, hello: Hello, **options: Any) -> None:
        super().__init__(server, **options)
        self._hello = hello
        self._plain: bool | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self.between = True
        """Whether no request is being answered."""
        self.at_once: Callable[[bytes], bool] | None = None
        """Offered what arrives; what it declines goes to aiohttp, and so does what follows."""
        self.arrived: bytes | None = b""
        """What aiohttp got and has not answered; None when that cannot be told any more."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_request()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the timers."""
        self._stop_timers()
        super().connection_lost(exc)

    def request_begins(self) -> None:
        """Note that a request's headers are complete."""
        self.between = False
        self._stop_timers()

    def request_ends(self) -> None:
        """Note that a request is answered."""
        self.between = True
        self._wait_for_request()
        answered = first_request(self.arrived or b"")
        self.arrived = self.arrived[answered[2] :] if self.arrived and answered else None

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is a TLS hello."""
        if not data:  # aiohttp's own way to have another look at what it holds
            super().data_received(data)
            return
        if self.at_once is not None:
            if self.at_once(data):
                self._idle_since = asyncio.get_running_loop().time()
                return
            self.at_once = None
        if self.arrived is not None:
            self.arrived = self.arrived + data if len(self.arrived) < _FOLLOWED else None
        if self._plain is None:
            self._plain = not data.startswith(_TLS_HANDSHAKE)
            if not self._plain and isinstance(self.transport, asyncio.Transport):
                self._hello(self, self.transport)
        if self._plain:
            if self.between and self._patience is None and _END_OF_HEAD not in data:
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
        """Answer malformed HTTP in the API's error format, without repeating what may hold a key."""
        answer = super().handle_error(request, status, exc, message)
        if isinstance(answer, web.Response) and status < 500:
            why = (message or "").partition(":")[0].rstrip(".")
            error = ApiError(
                f"This is not a valid HTTP request{f': {why}' if ' ' in why else ''}.", status=status
            )
            answer.body = json.pretty(error.body())
            answer.content_type = "application/json"
        return answer

    def _wait_for_request(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle_since = loop.time()
        self._idle_timer = loop.call_later(_IDLE_LIMIT, self._check_idle)

    def _check_idle(self) -> None:
        loop = asyncio.get_running_loop()
        if self._idle_since + _IDLE_LIMIT <= loop.time():
            self.force_close()
        else:
            self._idle_timer = loop.call_at(self._idle_since + _IDLE_LIMIT, self._check_idle)

    def _stop_timers(self) -> None:
        self.keep_alive(
            False
        )  # stops aiohttp's own timer; the answer says anew what becomes of the connection
        for timer in (self._idle_timer, self._patience):
            if timer is not None:
                timer.cancel()
        self._idle_timer = self._patience = None

    def _give_up(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            TcpConnection(self.transport).hang_up(_TOO_SLOW)


class _Connections(web.Server):
    """aiohttp's low-level server, which reports lost connections."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        lost: Callable[[web.RequestHandler, BaseException | None], None],
        hello: Hello,
    ) -> None:
        super().__init__(self._answer, handler_cancellation=True)
        self._answered_by = handler
        self._lost = lost
        self._hello = hello

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, HttpConnection)
        connection.request_begins()
        try:
            return await self._answered_by(request)
        finally:
            connection.request_ends()

    def __call__(self) -> web.RequestHandler:
        """Make the handler of a new connection."""
        return HttpConnection(
            self,
            self._hello,
            loop=asyncio.get_running_loop(),
            access_log=None,
            logger=_silent,
            auto_decompress=False,
            keepalive_timeout=_NEVER,  # it does not see the requests that are answered past it
            max_line_size=_LONGEST_URL,
            max_field_size=_LONGEST_HEADER,
        )

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Report the lost connection, then let aiohttp forget it."""
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
                TcpConnection(connection.transport).hang_up()
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
