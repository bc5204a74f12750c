"""The listening socket and its TCP connections: accepted, refused for a while, closed.

aiohttp's own shutdown waits up to a minute for handlers; the shutdown here closes every connection itself,
within milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web

from mock_openai.transport.http_connection import Hello, HttpConnection
from mock_openai.transport.tcp import TcpConnection

BACKLOG = 1024

SPREADS = sys.platform.startswith("linux")
"""Whether the kernel spreads connections over the sockets that share a port; macOS gives all of them to the
last socket.
"""

_CLOSING_LIMIT = 0.3
"""Seconds for clients to take what is still buffered when the server stops; then connections are aborted."""


def bind(host: str, port: int, *, share: bool = False) -> socket.socket:
    """Bind a TCP socket without listening yet. Raises OSError if the address is taken or not ours. Several
    sockets that `share` a port may be bound.
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


Sharing = Literal["no", "port", "inherited"]
"""Whether other processes listen too: on sockets of their own with the same port, or on this very socket."""

Secure = Callable[[Callable[[], web.RequestHandler]], Callable[[], asyncio.Protocol]]
"""Wraps the protocol of each new connection in TLS."""


async def stop_accepting(server: asyncio.Server) -> None:
    """Close a listening server; connections that asyncio is in the middle of accepting are accepted first.

    asyncio needs two iterations of the loop to accept a connection. If the server is closed in between,
    Python 3.13 prints a traceback (measured).
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        with contextlib.suppress(NotImplementedError):  # the event loop of Windows has no `add_reader`
            loop.remove_reader(listening.fileno())
    for _ in range(3):
        await asyncio.sleep(0)
    server.close()


class _AiohttpServer(web.Server):
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
        """Return the protocol of a new connection."""
        return HttpConnection(self, self._hello)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Report the lost connection, then let aiohttp forget it."""
        self._lost(handler, exc)
        super().connection_lost(handler, exc)


class Listener:
    """Listens on one port and passes requests to `handler`; over TLS if `secure` is given."""

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
        self._lost = lost
        self._hello = hello
        self._shared = shared
        self._secure = secure
        self._connections: _AiohttpServer | None = None
        self._accepts = False
        self._listening: asyncio.Server | None = None
        self._bound: socket.socket | None = None
        self._again: asyncio.TimerHandle | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def start(self, bound: socket.socket) -> None:
        """Listen on a bound socket."""
        self._connections = _AiohttpServer(self._handler, self._lost, self._hello)
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
            # A socket that other processes inherited too cannot be bound again; new clients wait instead.
            kept = self._bound.dup() if self._shared == "inherited" else None
            self._accepts = False
            self._listening.close()
            self._listening = None
            self._bound = kept or bind(address[0], address[1], share=self._shared == "port")
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(seconds, self._reopen)

    async def stop(self) -> None:
        """Close the port and every connection; return once no handler is left."""
        if self._again is not None:
            self._again.cancel()
        if self._reopening is not None:
            await self._reopening
        if self._listening is not None:
            await stop_accepting(self._listening)
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
        # A client that does not read keeps its connection open, and a handler may end slowly.
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
        make = self._secure(self._connections) if self._secure else self._connections

        def factory() -> asyncio.Protocol:
            if not self._accepts:  # asyncio raises an error if accepting goes on, which Python 3.13 prints
                raise ConnectionAbortedError("accepted while the port was being closed")
            return make()

        self._accepts = True
        # asyncio accepts up to `backlog` connections at once. From an inherited socket each worker accepts
        # one at a time, so that all workers get some.
        inherited = self._shared == "inherited"
        self._listening = await asyncio.get_running_loop().create_server(
            factory, sock=self._bound, backlog=1 if inherited else BACKLOG
        )
        if inherited:
            self._bound.listen(BACKLOG)


async def _emptied(connections: web.Server) -> bool:
    """Wait a short time until no connection is left; return whether that happened."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _CLOSING_LIMIT
    # Closing an idle connection takes a few iterations of the loop, and hardly any time.
    for _ in range(8):
        if not connections.connections:
            return True
        await asyncio.sleep(0)
    while connections.connections and loop.time() < deadline:  # noqa: ASYNC110 - aiohttp has no event
        await asyncio.sleep(0.001)
    return not connections.connections
