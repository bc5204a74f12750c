"""What a transport offers for one answer: where events go, and the ways to break the connection under them.

A Delivery writes to a ResponseWriter and knows no socket. There are three: SSE, plain JSON and WebSocket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import Framing, Rendered
from mock_openai.responders.answer import Recorded


class Breakable(Protocol):
    """The TCP connection of an answer, and the ways to break it."""

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        ...

    async def reset(self) -> None:
        """Break it with a TCP reset."""
        ...

    async def fin(self) -> None:
        """End it without a close frame."""
        ...

    async def half_open(self) -> None:
        """Go silent for good."""
        ...


class ResponseWriter(Protocol):
    """Interface of a transport for one answer."""

    @property
    def tcp(self) -> Breakable:
        """The connection that the answer goes out on."""
        ...

    transport: Literal["http", "websocket"]
    streams: bool
    """Whether events leave one by one; a plain JSON answer leaves in one piece."""
    rate_limits: Mapping[str, str]
    """Rate-limit headers; empty for requests that create nothing."""

    @property
    def framing(self) -> Framing:
        """The bytes before and after an event on the wire."""
        ...

    def put(self, event: Event) -> None:
        """Hand an event over; it leaves with the next flush."""
        ...

    def put_all(self, rendered: Rendered) -> None:
        """Hand over all events of a turn."""
        ...

    def put_wire(self, data: bytes) -> None:
        """Hand over events as they leave."""
        ...

    def push(self, data: bytes) -> bool:
        """Write events as they leave, at once, after others were flushed; False if that is not possible."""
        ...

    async def flush(self) -> None:
        """Let everything handed over leave. Raises ConnectionError if the client is gone."""
        ...

    async def finish(self) -> None:
        """End the answer in good order."""
        ...

    async def error(self, error: ApiError) -> None:
        """Answer with an error instead of events: a status, or an error frame."""
        ...

    async def body(self, recorded: Recorded) -> None:
        """Answer with a recorded plain body."""
        ...

    def adopt(self, recorded: Recorded) -> bool:
        """Adopt a recording's status and headers; True if recorded network reads can be repeated as `raw`."""
        ...

    def encode(self, event: Event) -> bytes:
        """Return the event as it would leave."""
        ...

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        ...

    async def below(self, data: bytes) -> None:
        """Send bytes below the transport's own framing."""
        ...

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with a status while that is possible, otherwise end the connection."""
        ...

    async def close(self, code: int | None, reason: str) -> None:
        """Close the connection in good order, where the protocol has a way."""
        ...
