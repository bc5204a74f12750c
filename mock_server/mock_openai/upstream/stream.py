"""What another server sends, as events of the API: the frames of a socket and the events of a stream."""

from __future__ import annotations

import msgspec

from mock_openai.protocol.events import Event
from mock_openai.wire import sse


class Head(msgspec.Struct):
    """The part of an event or frame that says what it is."""

    type: str = ""
    stream_id: str | None = None
    sequence_number: int | None = None


def head_of(data: bytes) -> Head:
    """Read an event's head; it is empty if the JSON text is not an event."""
    try:
        return msgspec.json.decode(data, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Head()


def as_event(came: sse.ServerEvent) -> Event:
    """Return a server-sent event as one of the API, to be passed on with the very bytes that came."""
    data = came.data or b""
    kind = came.name or head_of(data).type or "message"
    return Event(kind, data, wire=None if came.raw == sse.event(kind, data) else came.raw)
