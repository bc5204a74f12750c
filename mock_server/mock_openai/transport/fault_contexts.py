"""The fault contexts without a turn: before the handshake is answered, and on an idle WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from mock_openai.delivery.connection_context import ConnectionContext
from mock_openai.journal import redact
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event
from mock_openai.state import ClientConnection, ServerState
from mock_openai.transport.http_reply import HttpReply
from mock_openai.transport.tcp import TcpConnection
from mock_openai.wire.frames import close_frame


class HandshakeContext(ConnectionContext):
    """A connection whose upgrade, or first HTTP request, is not answered yet."""

    def __init__(
        self, state: ServerState, connection: ClientConnection, tcp: TcpConnection, reply: HttpReply
    ) -> None:
        super().__init__(state, connection, tcp)
        self._reply = reply

    async def send(self, event: Event) -> None:
        """Do nothing: no event can be sent yet."""

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with this status."""
        noted: dict[str, object] = {"status": status}
        if "retry-after" in headers:
            noted["retry_after"] = float(headers["retry-after"])
        self._state.note("status", self._connection.number, noted)
        await self._reply.whole(status, headers, body)

    async def fail(self, error: ApiError) -> None:
        """Answer with the error as a status."""
        self._state.note("status", self._connection.number, redact.error(error))
        await self._reply.error(error)


class HelloContext(ConnectionContext):
    """A connection whose TLS handshake is not answered yet: only raw bytes can be sent."""

    encrypted = True

    async def send(self, event: Event) -> None:
        """Do nothing: no event can be sent yet."""

    async def fail(self, error: ApiError) -> None:
        """End the connection: no client could read an error yet."""
        await self.fin()


class IdleContext(ConnectionContext):
    """A WebSocket between turns or at a moment. `gate` holds back turns while a fault pauses."""

    def __init__(
        self, state: ServerState, connection: ClientConnection, tcp: TcpConnection, gate: asyncio.Event
    ) -> None:
        super().__init__(state, connection, tcp)
        self._gate = gate

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame and end the connection."""
        self._connection.end("fault", how="close", code=code, reason=reason)
        self._tcp.write(close_frame(code, reason))
        await self._tcp.fin()

    async def pause(self, seconds: float | None) -> None:
        """Hold back what the socket would send, except pongs."""
        self._gate.clear()
        try:
            await super().pause(seconds)
        finally:
            self._gate.set()
