"""The TCP connections over which HTTP requests arrive: counted, noted in the journal, and armed with the
faults that are planned for a time.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from mock_openai.delivery.connection_context import ConnectionContext
from mock_openai.faults.context import Effect
from mock_openai.faults.kinds.tls_failure import TlsFailure
from mock_openai.faults.trigger import Position
from mock_openai.journal import redact
from mock_openai.state import ClientConnection, ServerState
from mock_openai.transport.api_keys import CREDENTIAL_HEADERS
from mock_openai.transport.fault_contexts import HelloContext
from mock_openai.transport.tcp import TcpConnection
from mock_openai.transport.timed_faults import TimedFaults


class Connections:
    """The open connections of a server, or of one of its sessions."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._open: dict[web.RequestHandler, ClientConnection] = {}
        self._timed_faults: dict[web.RequestHandler, TimedFaults] = {}
        self._hellos: set[asyncio.Task[None]] = set()

    def hello(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Refuse a TLS client, as the fault plan says or because there is no certificate."""
        connection = self._open[handler] = self._state.connect("http")
        self._state.note("open", connection.number, {"transport": "http", "path": "(TLS)", "headers": {}})
        context = HelloContext(self._state, connection, TcpConnection(transport))
        task = asyncio.get_running_loop().create_task(self._refuse_tls(connection, context))
        self._hellos.add(task)
        task.add_done_callback(self._hellos.discard)

    def fails_hello(self) -> bool:
        """Return whether the next TLS handshake fails by plan; called only if it could succeed."""
        position = Position(self._state.next_connection)
        return any(isinstance(one.fault, TlsFailure) for one in self._state.faults.due("handshake", position))

    async def _refuse_tls(self, connection: ClientConnection, context: HelloContext) -> None:
        with contextlib.suppress(ConnectionError):
            planned = self._state.faults.take("handshake", Position(connection.number))
            if await context.inject(planned) is not Effect.STOP:
                await TlsFailure().inject(context)

    def lost(self, handler: web.RequestHandler, exc: BaseException | None) -> None:
        """Note that a connection is over."""
        connection = self._open.pop(handler, None)
        timed = self._timed_faults.pop(handler, None)
        if timed is not None:
            timed.end()
        if connection is None:
            return
        connection.broken = "reset" if isinstance(exc, ConnectionError) else "fin"
        if connection.upgraded:
            return
        connection.end("server" if self._state.stopping else "client", how=connection.broken)
        self._state.note("close", connection.number, connection.ended or {})

    def __len__(self) -> int:
        return len(self._open)

    def of(self, request: web.BaseRequest, *, websocket: bool) -> ClientConnection:
        """Return the connection of a request; a new one is counted and noted."""
        known = self._open.get(request.protocol)
        used = tuple(map(request.headers.get, CREDENTIAL_HEADERS))
        if known is not None:
            if websocket:
                known.transport = "websocket"
            if known.uses != used:
                self._learn_credentials(known, request, used)
            return known
        connection = self._state.connect("websocket" if websocket else "http")
        self._open[request.protocol] = connection
        self._learn_credentials(connection, request, used)
        self._state.note(
            "open",
            connection.number,
            {
                "transport": connection.transport,
                "path": redact.path(request.path_qs),
                "headers": redact.headers(request.headers.items()),
            },
        )
        return connection

    def _learn_credentials(
        self, connection: ClientConnection, request: web.BaseRequest, used: tuple[str | None, ...]
    ) -> None:
        """Let the journal know the credentials of a request, which its connection may repeat anywhere."""
        connection.uses = used
        found = redact.credentials(request.headers.items(), request.path_qs)
        self._state.journal.redactor.meet(connection.number, found)

    def arm_idle_faults(
        self, request: web.BaseRequest, connection: ClientConnection, tcp: TcpConnection
    ) -> None:
        """Arm the faults planned for the quiet after a turn, while the connection stays open for the next
        request.
        """
        if tcp.gone:
            return
        timed = self._timed_faults.get(request.protocol)
        if timed is None:
            context = ConnectionContext(self._state, connection, tcp)
            timed = TimedFaults(self._state, connection, context, idle=lambda: not connection.busy)
            self._timed_faults[request.protocol] = timed
        connection.busy = False
        timed.arm()

    def go_away(self) -> None:
        """End the TLS hellos that are being refused."""
        for task in tuple(self._hellos):
            task.cancel()
