"""Frames and server-sent events of an upstream server, as events of the API."""

from __future__ import annotations

import logging

import msgspec

from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.wire import sse

LARGEST = 256 * 2**20
"""Bytes of the largest answer that is passed on; each event counts as 256 at least."""
_EVENT = 256

logger = logging.getLogger("mock_openai")


class TooLarge(Exception):
    """An answer from upstream that is larger than `LARGEST`, or has no end. The text says so."""

    def __init__(self) -> None:
        super().__init__(f"its answer is larger than {LARGEST // 2**20} MiB")


class Size:
    """Counts what one answer takes."""

    def __init__(self) -> None:
        self._left = LARGEST

    def add(self, size: int, events: int = 0) -> None:
        """Count bytes and events. Raises TooLarge."""
        self._left -= size + _EVENT * events
        if self._left < 0:
            error = TooLarge()
            logger.warning("upstream: %s; the connection was closed", error)
            raise error


class Head(msgspec.Struct):
    """The fields of an event that identify it."""

    type: str = ""
    stream_id: str | None = None
    sequence_number: int | None = None


def head_of(data: bytes) -> Head:
    """Return an event's head; it is empty if the JSON text is not an event."""
    try:
        return msgspec.json.decode(data, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Head()


class ResponseHead(msgspec.Struct):
    """The fields of a response object that identify it; the rest is not read."""

    object: str = ""
    id: str | None = None
    status: str = ""

    def event(self, body: bytes) -> Event | None:
        """Return the plain answer with this head as an event; None if it is no response, or has too many
        values to be read.
        """
        if self.object != "response" or json.has_more_values(body, json.MOST_READ):
            return None
        try:
            response = json.parse(body)
        except ValueError:
            return None
        known = self.status in ("completed", "incomplete", "failed")
        kind = f"response.{self.status}" if known else "response.created"
        return Event(kind, json.compact({"type": kind, "response": response}))


class _Created(msgspec.Struct):
    response: ResponseHead


def response_in(body: bytes) -> ResponseHead:
    """Return the head of a response object; it is empty if the JSON text is anything else."""
    try:
        found = msgspec.json.decode(body, type=ResponseHead)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ResponseHead()
    return found if found.object == "response" else ResponseHead()


def created_in(data: bytes) -> str | None:
    """Return the id of the response in a `response.created` event; None if there is none."""
    try:
        return msgspec.json.decode(data, type=_Created).response.id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # not an event of this API; nothing can be continued from it


def as_event(came: sse.ServerEvent) -> Event:
    """Return a server-sent event as an event of the API, with its bytes unchanged."""
    data = came.data or b""
    kind = came.name or head_of(data).type or "message"
    return Event(kind, data, wire=None if came.raw == sse.event(kind, data) else came.raw)
