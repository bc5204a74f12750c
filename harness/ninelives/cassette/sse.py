"""Cuts a server-sent event stream into events without losing a byte, and joins them again.

`Splitter` takes network reads and returns blocks: the bytes of one event up to and including its blank line,
with the read boundaries inside. The blocks of a stream, joined, are the stream. `event_fields` converts a
block to its form in a cassette and `event_bytes` converts it back to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mock_openai.wire import sse

import ninelives.cassette.payload as payload
from ninelives.cassette.payload import Fields

_PIECE = 2**20
"""Bytes of a whole stream that are cut at once."""


@dataclass(frozen=True, slots=True)
class Block:
    """The bytes of one event as they were received."""

    data: bytes
    """The bytes, including the blank line, which is missing only at the end of a stream that was cut off."""
    t: int
    """Milliseconds at which the last byte arrived."""
    cuts: tuple[tuple[int, int], ...]
    """Network reads that ended inside: (bytes of this event that had arrived, milliseconds)."""
    joined: bool
    """Whether the next event's first bytes came in the same read as this event's last."""


class Splitter:
    """Cuts a stream at its blank lines (LF, CR LF and CR), however it is split into reads."""

    def __init__(self) -> None:
        self._stream = sse.EventStream()
        self._came = 0  # bytes of the stream so far
        self._start = 0  # offset at which the next event begins
        self._reads: list[tuple[int, int]] = []  # (offset at which a read ended, ms), oldest first

    def feed(self, data: bytes, t: int) -> list[Block]:
        """Take one network read and return the events it completed."""
        if not data:
            return []
        self._came += len(data)
        self._reads.append((self._came, t))
        return [self._block(event) for event in self._stream.feed(data)]

    @property
    def waiting(self) -> int:
        """The bytes of an incomplete event."""
        return self._came - self._start

    def flush(self) -> Block | None:
        """Return the bytes that are left when the stream ends: an incomplete event, or nothing."""
        left = self._stream.close()
        return None if left is None else self._block(left)

    def _block(self, event: sse.ServerEvent) -> Block:
        start, end = self._start, self._start + len(event.raw)
        self._start = end
        inside = tuple((at - start, t) for at, t in self._reads if at < end)
        reached, t = next((at, t) for at, t in self._reads if at >= end)
        self._reads = [read for read in self._reads if read[0] > end]
        return Block(event.raw, t, inside, joined=reached != end)


def blocks(body: bytes) -> Iterator[bytes]:
    """Cut a whole stream into its events, some at a time: there may be millions."""
    stream = sse.EventStream()
    for start in range(0, len(body), _PIECE):
        for event in stream.feed(body[start : start + _PIECE]):
            yield event.raw
    if left := stream.close():
        yield left.raw


def event_fields(block: bytes) -> Fields:
    """Return a block as `data` (with `event` if its name differs from the data's type), else as `raw`
    text, else as `b64`.
    """
    fields = _canonical(block)
    return fields if fields is not None else payload.text_fields(block, "raw")


def event_bytes(data: bytes, event: str | None) -> bytes:
    """Return the bytes that `event_fields` wrote as `data` and `event`."""
    if event == "":
        return b"data: " + data + b"\n\n"
    return sse.event(payload.type_of(data) if event is None else event, data)


def parse(block: bytes) -> tuple[str, bytes]:
    """Return the event name and the data of a block, as a client parses them; ("", b"") for a comment."""
    name, data = sse.parse(block.removeprefix(b"\xef\xbb\xbf"))  # as a stream may begin
    return name or payload.type_of(data or b""), data or b""


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
