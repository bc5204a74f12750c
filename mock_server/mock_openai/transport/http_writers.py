"""The two ways in which HTTP answers a create: a stream of server-sent events, or one JSON body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aiohttp.abc import AbstractStreamWriter

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.protocol.response import with_billing
from mock_openai.protocol.template import Rendered
from mock_openai.responders.answer import Recorded
from mock_openai.threads import LARGE, in_thread
from mock_openai.transport.headers import repeatable
from mock_openai.transport.http_reply import HttpReply
from mock_openai.transport.tcp import TcpConnection
from mock_openai.wire.sse import around
from mock_openai.wire.sse import event as server_event

EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"


def sse(event: Event) -> bytes:
    """Return an event as a server-sent event."""
    return event.wire or server_event(event.type, event.data)


def as_stream(rendered: Rendered) -> bytes:
    """Return all events of a turn as server-sent events."""
    return rendered.wire(around)


class HttpWriter:
    """Base of both: one answer on one connection, and the ways to break it."""

    transport: Literal["http", "websocket"] = "http"
    streams = False
    framing = staticmethod(around)

    def __init__(self, reply: HttpReply, tcp: TcpConnection) -> None:
        self.rate_limits: Mapping[str, str] = {}
        self._reply = reply
        self.tcp = tcp
        self._writer: AbstractStreamWriter | None = None
        self._status = 200
        self._recorded: dict[str, str] = {}

    async def error(self, error: ApiError) -> None:
        """Answer with an error status and its body."""
        await self._reply.error(error)

    async def body(self, recorded: Recorded) -> None:
        """Answer with a recorded plain body, byte for byte."""
        headers = repeatable(recorded.headers)
        await self._reply.whole(recorded.status, headers, recorded.body or b"")
        await self._end_recorded(recorded)

    def adopt(self, recorded: Recorded) -> bool:
        """Adopt a recording's status and headers; recorded reads are those of a stream."""
        self._status = recorded.status
        self._recorded = repeatable(recorded.headers)
        return self.streams

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with this status, or end the connection if an answer has begun."""
        if self._writer is not None:
            await self.tcp.fin()
            return
        await self._reply.whole(status, headers, body)

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are, inside the body."""
        writer = await self._begin()
        writer.send_headers()
        if data:
            self.tcp.write(self._in_body(data))
        await writer.drain()

    async def below(self, data: bytes) -> None:
        """Send bytes as they are, without the framing of chunks."""
        writer = await self._begin()
        writer.send_headers()
        self.tcp.write(data)
        await writer.drain()

    async def close(self, code: int | None, reason: str) -> None:
        """End the connection: HTTP has no codes."""
        await self.tcp.fin()

    def put_wire(self, data: bytes) -> None:
        """Do nothing: a body leaves whole."""

    def push(self, data: bytes) -> bool:
        """Write events at once; False if that is not possible."""
        return self._writer is not None and self.tcp.push(self._in_body(data))

    def _in_body(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._reply.chunked else data

    async def _begin(self) -> AbstractStreamWriter:
        if self._writer is None:
            content_type = EVENT_STREAM if self.streams else JSON
            self._writer = await self._reply.begin(
                self._status, content_type, self._recorded, rate_limits=self.rate_limits
            )
        return self._writer

    async def _end_recorded(self, recorded: Recorded) -> None:
        if recorded.ending == "reset":
            await self.tcp.reset()
        elif recorded.ending == "fin":
            await self.tcp.fin()


class SseWriter(HttpWriter):
    """A stream of server-sent events. Events handed over since the last flush leave in one write."""

    streams = True

    def __init__(self, reply: HttpReply, tcp: TcpConnection) -> None:
        super().__init__(reply, tcp)
        self._waiting: list[bytes] = []
        self._whole: bytes | None = None

    def put(self, event: Event) -> None:
        """Hand an event over."""
        self._waiting.append(sse(event))

    def put_all(self, rendered: Rendered) -> None:
        """Hand over all events of a turn."""
        self._whole = as_stream(rendered)

    def put_wire(self, data: bytes) -> None:
        """Hand over events as they leave."""
        self._waiting.append(data)

    def encode(self, event: Event) -> bytes:
        """Return the event as it would leave."""
        return sse(event)

    async def flush(self) -> None:
        """Let everything handed over leave."""
        if not self._waiting:
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        if self.tcp.dead:
            return
        writer = await self._begin()
        await writer.write(data)

    async def finish(self) -> None:
        """End the stream in good order: the last event is the end, no `[DONE]` follows (observed)."""
        if self.tcp.dead:
            return
        if self._whole is not None:
            await self._reply.stream(EVENT_STREAM, self._whole, rate_limits=self.rate_limits)
            return
        await self._begin()
        await self._reply.end()


class JsonWriter(HttpWriter):
    """One JSON body: the response object of the terminal event, pretty-printed, with `billing` (observed)."""

    def __init__(self, reply: HttpReply, tcp: TcpConnection, *, background: bool = False) -> None:
        super().__init__(reply, tcp)
        self._background = background
        self._first: Event | None = None
        self._last: Event | None = None
        self._rendered: Rendered | None = None

    def put(self, event: Event) -> None:
        """Hand an event over; only the last response object counts (in the background, the first)."""
        if self._first is None:
            self._first = event
        if event.type in TERMINAL or self._last is None or self._last.type not in TERMINAL:
            self._last = event

    def put_all(self, rendered: Rendered) -> None:
        """Hand over all events of a turn."""
        self._rendered = rendered

    def encode(self, event: Event) -> bytes:
        """Return the body for this event."""
        return self._body(event)

    async def flush(self) -> None:
        """Do nothing: the body leaves at the end."""

    async def finish(self) -> None:
        """Send the body."""
        if self.tcp.dead or self._writer is not None:
            return
        if self._rendered is not None:
            body = self._rendered.body()
        else:
            event = self._first if self._background else self._last
            large = event is not None and len(event.data) > LARGE
            body = await in_thread(self._body, event) if large else self._body(event)
        await self._reply.whole(self._status, self._recorded, body, rate_limits=self.rate_limits)

    @staticmethod
    def _body(event: Event | None) -> bytes:
        if event is None:
            return b"{}"
        try:
            response = json.parse(event.data)["response"]
        except (ValueError, KeyError, TypeError):
            return event.data  # a fault broke the event, or it carries no response
        return json.pretty(with_billing(response))
