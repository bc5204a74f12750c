"""One HTTP request on its connection, and its answer: what every handler gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from mock_openai.delivery import Delivery
from mock_openai.faults.trigger import Position
from mock_openai.journal import redact
from mock_openai.state import ClientConnection, ServerState
from mock_openai.transport.http_reply import HttpReply
from mock_openai.transport.http_writers import JsonWriter, SseWriter
from mock_openai.transport.tcp import TcpConnection


@dataclass(slots=True)
class Exchange:
    """One HTTP request and its answer."""

    request: web.BaseRequest
    reply: HttpReply
    connection: ClientConnection
    tcp: TcpConnection
    data: bytes = b""
    """The body, once it was read."""

    @property
    def content_type(self) -> str:
        """The body's type, as the client named it; empty if it did not."""
        return self.request.headers.get("Content-Type", "")

    def noted(self, body: object) -> dict[str, Any]:
        """Return the request as the journal shows it."""
        return {"method": self.request.method, "path": redact.path(self.request.path_qs), "body": body}

    def deliver(self, state: ServerState, *, streamed: bool) -> Delivery:
        """Return the delivery of an answer that belongs to no turn."""
        writer = self.writer(streamed=streamed)
        return Delivery(state, writer, self.connection, Position(self.connection.number))

    def writer(self, *, streamed: bool, background: bool = False) -> SseWriter | JsonWriter:
        """Return what writes an answer: a stream, or one body."""
        if streamed:
            return SseWriter(self.reply, self.tcp)
        return JsonWriter(self.reply, self.tcp, background=background)
