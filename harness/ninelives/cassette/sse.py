"""A server-sent event stream cut into its events without losing a byte, and put together again.

`Splitter` takes network reads and gives back blocks: the bytes of one event up to and including its blank
line, with the read boundaries that fell inside. The blocks of a stream, joined, are the stream.
`event_fields` writes a block as it stands in a cassette and `event_bytes` turns that back into the same
bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

import msgspec

import ninelives.cassette.payload as payload
from ninelives.cassette.payload import Fields

_TERMINATOR = rb"(?:\r\n|\r(?!\n)|\n)"
_BLANK_LINE = re.compile(_TERMINATOR + _TERMINATOR)
_LINES = re.compile(rb"\r\n|\r|\n")
_OVERLAP = 3  # a blank line is at most four bytes (CR LF CR LF), so three may stand before the newest read


class EventFields(Protocol):
    """A line that carries one event of a stream."""

    @property
    def data(self) -> msgspec.Raw:
        """JSON, verbatim."""

    @property
    def event(self) -> str | None:
        """The event's name where it is not the data's type."""

    @property
    def raw(self) -> str | None:
        """Text with another framing."""

    @property
    def b64(self) -> str | None:
        """Bytes that are not text."""


@dataclass(frozen=True, slots=True)
class Block:
    """The bytes of one event as they were received."""

    data: bytes
    """The bytes, blank line included; without it only at the end of a stream that was cut."""
    t: int
    """Milliseconds at which the last byte arrived."""
    cuts: tuple[tuple[int, int], ...]
    """Network reads that ended inside: (bytes of this event that had arrived, milliseconds)."""
    joined: bool
    """Whether the next event's first bytes came in the same read as this event's last."""


class Splitter:
    """Cuts a stream at its blank lines (LF, CR LF and CR alike), however the reads fall."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # offset of the buffer's first byte in the stream
        self._reads: list[tuple[int, int]] = []  # (offset at which a read ended, ms), oldest first

    def feed(self, data: bytes, t: int) -> list[Block]:
        """Takes one network read and returns the events it completed."""
        if not data:
            return []
        searched = max(0, len(self._buffer) - _OVERLAP)
        self._buffer += data
        self._reads.append((self._start + len(self._buffer), t))
        blocks = []
        while (end := self._next_end(searched)) is not None:
            blocks.append(self._take(end))
            searched = 0
        return blocks

    def flush(self) -> Block | None:
        """The bytes that are left when the stream ends: a half event, or nothing."""
        return self._take(len(self._buffer)) if self._buffer else None

    def _next_end(self, searched: int) -> int | None:
        found = _BLANK_LINE.search(self._buffer, searched)
        if found is None:
            return None
        end = found.end()
        if end == len(self._buffer) and self._buffer[-1:] == b"\r":
            return None  # a line feed may still come, and belongs to this line end
        return end

    def _take(self, length: int) -> Block:
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        start, end = self._start, self._start + length
        self._start = end
        inside = tuple((at - start, t) for at, t in self._reads if at < end)
        reached, t = next((at, t) for at, t in self._reads if at >= end)
        self._reads = [read for read in self._reads if read[0] > end]
        return Block(data, t, inside, joined=reached != end)


def event_fields(block: bytes) -> Fields:
    """A block as `data` (with `event` where its name is not the data's type), else as `raw` text, else as
    `b64`.
    """
    fields = _canonical(block)
    return fields if fields is not None else payload.text_fields(block, "raw")


def event_bytes(line: EventFields) -> bytes:
    """The bytes that `event_fields` wrote."""
    if line.raw is not None:
        return line.raw.encode()
    if line.b64 is not None:
        return payload.from_b64(line.b64)
    data = bytes(line.data)
    if line.event == "":
        return b"data: " + data + b"\n\n"
    name = payload.type_of(data) if line.event is None else line.event
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def parse(block: bytes) -> tuple[str, bytes]:
    """The event name and the data of a block, as a client's parser sees them; ("", b"") for a comment."""
    name, data = "", []
    for line in _LINES.split(block):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)
    joined = b"\n".join(data)
    return name or payload.type_of(joined), joined


def _canonical(block: bytes) -> Fields | None:
    if not block.endswith(b"\n\n"):
        return None
    name: bytes | None = None
    rest = block[:-2]
    if rest.startswith(b"event: "):
        name, _, rest = rest[7:].partition(b"\n")
    if not rest.startswith(b"data: ") or not payload.is_json_line(rest[6:]):
        return None
    data = rest[6:]
    if name is None:
        return [("event", b'""'), ("data", data)]
    if name == payload.type_of(data).encode():
        return [("data", data)] if name else None
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if not text or "\r" in text else [("event", payload.encode(text)), ("data", data)]
