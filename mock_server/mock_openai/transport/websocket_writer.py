"""One turn's way out on a WebSocket: an event is a text frame, and frames due together leave in one write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import Rendered
from mock_openai.responders.answer import Recorded
from mock_openai.transport.tcp import TcpConnection
from mock_openai.wire.frames import BINARY, TEXT, frame, text_around


class Socket(Protocol):
    """The WebSocket as a turn uses it."""

    tcp: TcpConnection

    def is_clear(self) -> bool:
        """Return whether what is written now leaves at once."""
        ...

    async def write(self, data: bytes) -> None:
        """Write frames."""
        ...

    def push(self, data: bytes) -> bool:
        """Write frames at once; False if that is not possible."""
        ...

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame and close."""
        ...


class WebSocketWriter:
    """One turn's way out on a socket: an event is a text frame, frames due together leave in one write."""

    transport: Literal["http", "websocket"] = "websocket"
    streams = True
    framing = staticmethod(text_around)

    def __init__(self, socket: Socket, lane: str | None, *, tells_errors: bool = True) -> None:
        self._tells_errors = tells_errors
        self.rate_limits: Mapping[str, str] = {}  # frames have none (observed)
        self._socket = socket
        self.push = socket.push
        self.tcp = socket.tcp
        self._lane = lane
        self._frames: list[bytes] = []

    def put(self, event: Event) -> None:
        """Hand an event over."""
        self._frames.append(self.encode(event))

    def put_all(self, rendered: Rendered) -> None:
        """Hand over all events of a turn."""
        self._frames.append(rendered.wire(text_around))

    def put_wire(self, data: bytes) -> None:
        """Hand over events as frames."""
        self._frames.append(data)

    def encode(self, event: Event) -> bytes:
        """Return the event as a frame."""
        return frame(event.data, BINARY if event.binary else TEXT)

    async def flush(self) -> None:
        """Let everything handed over leave."""
        if self._frames:
            data = b"".join(self._frames)
            self._frames.clear()
            await self._socket.write(data)

    async def finish(self) -> None:
        """Flush. The terminal event alone marks the end of a turn (observed)."""
        await self.flush()

    async def error(self, error: ApiError) -> None:
        """Send an error frame, except for the successor of a steered response, whose failure is reported
        otherwise.
        """
        if not self._tells_errors:
            return
        await self._socket.write(frame(json.compact(error.frame(self._lane))))

    async def body(self, recorded: Recorded) -> None:
        """Send a recorded HTTP body as the error frame that a WebSocket would have got."""
        try:
            error = json.parse(recorded.body or b"")["error"]
        except (ValueError, KeyError, TypeError):
            error = {
                "type": "server_error",
                "code": None,
                "message": "The recorded answer is not JSON.",
                "param": None,
            }
        lane = {} if self._lane is None else {"stream_id": self._lane}
        fields = {"type": "error", "status": recorded.status, **lane, "error": error}
        await self._socket.write(frame(json.compact(fields)))

    def adopt(self, recorded: Recorded) -> bool:
        """Return False: network reads of an HTTP stream cannot be repeated as frames."""
        return False

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are, below the framing."""
        await self._socket.write(data)

    async def below(self, data: bytes) -> None:
        """Same as `raw`, because only TCP is below the frames."""
        await self.raw(data)

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """End the connection: it is too late for a status."""
        await self.tcp.fin()

    async def close(self, code: int | None, reason: str) -> None:
        """Send a close frame and see the closing handshake through."""
        await self._socket.close(code, reason)
