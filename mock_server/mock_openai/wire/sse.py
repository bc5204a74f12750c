"""Server-sent events: splits a byte stream into events, and writes events, without I/O.

The rules are those of the WHATWG HTML Standard, sections 9.2.5 (Parsing an event stream) and 9.2.6
(Interpreting an event stream). `EventStream` is lossless: the `raw` bytes of its events, joined, are the
stream.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# 9.2.5: lines end with CR LF, LF or CR; an empty line ends an event.
_BLANK_LINE = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r(?!\n)|\n)")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_OVERLAP = 3  # a blank line has at most four bytes, so three of them may stand before the newest read
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event as it arrived."""

    raw: bytes
    """Its bytes, blank line included."""
    name: str
    """Its `event` field; empty if it has none, which means "message"."""
    data: bytes | None
    """Its `data` lines, joined by newlines; None if it has none, so that clients ignore the event."""


class EventStream:
    """Reads one stream, in whatever pieces it arrives."""

    def __init__(self) -> None:
        self._ahead = bytearray()
        self._searched = 0
        self._at_start = True

    @property
    def rest(self) -> bytes:
        """The bytes of the next event received so far."""
        return bytes(self._ahead)

    def feed(self, data: bytes) -> list[ServerEvent]:
        """Take bytes and return the events that they complete."""
        self._ahead += data
        events: list[ServerEvent] = []
        while (end := self._next_end()) is not None:
            events.append(self._take(end))
        return events

    def close(self) -> ServerEvent | None:
        """Return the incomplete event at the end of the stream, None if there is none. A client discards an
        event without its blank line (9.2.6); its bytes were sent anyway.
        """
        return self._take(len(self._ahead)) if self._ahead else None

    def _next_end(self) -> int | None:
        found = _BLANK_LINE.search(self._ahead, self._searched)
        if found is None:
            self._searched = max(0, len(self._ahead) - _OVERLAP)
            return None
        end = found.end()
        if end == len(self._ahead) and self._ahead[-1:] == b"\r":
            return None  # an LF may still follow, and would belong to this line end
        return end

    def _take(self, end: int) -> ServerEvent:
        raw = bytes(self._ahead[:end])
        del self._ahead[:end]
        self._searched = 0
        text = raw.removeprefix(_BYTE_ORDER_MARK) if self._at_start else raw  # 9.2.5
        self._at_start = False
        return ServerEvent(raw, *parse(text))


def parse(block: bytes) -> tuple[str, bytes | None]:
    """Return the name and the data of one event's bytes (9.2.6)."""
    name, data = "", []
    for line in _LINE_END.split(block):
        field, _, value = line.partition(b":")  # a comment has no name before its colon
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)
    return name, b"\n".join(data) if data else None


def event(name: str, data: bytes) -> bytes:
    """Return an event as the API writes it: its name, one line of data and a blank line (observed)."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def around(name: str, size: int) -> tuple[bytes, bytes]:
    """Return the bytes before and after the data of an event, which do not depend on its size."""
    return b"event: %b\ndata: " % name.encode(), b"\n\n"
