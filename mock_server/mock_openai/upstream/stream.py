"""A stream of server-sent events, read as it comes: bytes in, events out. No I/O."""

from __future__ import annotations

import re

import msgspec

from mock_openai.protocol.events import Event

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE = re.compile(rb"\r\n|\n|\r")


class Head(msgspec.Struct):
    """The part of an event or frame that says what it is."""

    type: str = ""
    stream_id: str | None = None
    sequence_number: int | None = None


def head_of(data: bytes) -> Head:
    """Read what a JSON text is; an empty head when it is no event."""
    try:
        return msgspec.json.decode(data, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Head()


class EventStream:
    """Cuts what arrives into events, however the network cuts it."""

    def __init__(self) -> None:
        self.rest = b""
        """What has arrived of the next event."""

    def feed(self, data: bytes) -> list[Event]:
        """Take what arrived and give the events that are whole now."""
        *blocks, self.rest = _split(self.rest + data)
        return [_event(block) for block in blocks]


def _split(data: bytes) -> list[bytes]:
    parts: list[bytes] = []
    start = 0
    for blank in _BLANK_LINE.finditer(data):
        parts.append(data[start : blank.end()])
        start = blank.end()
    return [*parts, data[start:]]


def _event(block: bytes) -> Event:
    name, data = "", []
    for line in _LINE.split(block):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)
    told = b"\n".join(data)
    kind = name or head_of(told).type or "message"
    usual = b"event: %b\ndata: %b\n\n" % (kind.encode(), told)
    return Event(kind, told, wire=None if block == usual else block)
