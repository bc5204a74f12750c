"""Frames and server-sent events of an upstream server, as events of the API."""

from __future__ import annotations

import msgspec

from mock_openai.protocol.events import Event
from mock_openai.wire import sse


class Head(msgspec.Struct):
    """The fields of an event that identify it."""

    type: str = ""
    stream_id: str | None = None
    sequence_number: int | None = None


def head_of(data: bytes) -> Head:
    """Return an event's head; it is empty if the JSON text is not an event."""
    try:
        return msgspec.json.decode(data, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Head()


def as_event(came: sse.ServerEvent) -> Event:
    """Return a server-sent event as an event of the API, with its bytes unchanged."""
    data = came.data or b""
    kind = came.name or head_of(data).type or "message"
    return Event(kind, data, wire=None if came.raw == sse.event(kind, data) else came.raw)
