"""Reads the WebSocket messages out of a byte stream that is only passing by.

`Messages` takes bytes as they come and gives whole messages and control frames; fragments are joined and
masks taken off. It never objects: a stream that breaks the protocol just stops giving messages, and the bytes
go on to whom they concern.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
"""Opcodes of RFC 6455, section 11.8."""

NO_STATUS = 1005
"""What a close frame without a code is called (RFC 6455, section 7.4.1)."""

MOST_UNREADABLE = 64 * 1024
"""Bytes that are kept of what is no frame."""

_KNOWN = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message or control frame."""

    opcode: int
    data: bytes

    @property
    def close_code(self) -> int:
        """Of a close frame: its code."""
        return int.from_bytes(self.data[:2], "big") if len(self.data) >= 2 else NO_STATUS

    @property
    def close_reason(self) -> str:
        """Of a close frame: its reason."""
        return self.data[2:].decode("utf-8", "replace")


class Messages:
    """One direction of one WebSocket."""

    def __init__(self) -> None:
        self.broken = False
        """Whether the bytes stopped being WebSocket frames."""
        self._buffer = bytearray()
        self._opcode: int | None = None  # of the message whose fragments are being collected
        self._fragments: list[bytes] = []
        self._heads: list[bytes] = []  # of the same fragments

    def feed(self, data: bytes) -> list[Message]:
        """Takes bytes and returns the messages they completed."""
        if self.broken:
            self._buffer += data[: MOST_UNREADABLE - len(self._buffer)]
            return []
        self._buffer += data
        found = []
        while not self.broken and (frame := self._frame()) is not None:
            message = self._join(*frame)
            if message is not None:
                found.append(message)
        return found

    def unfinished(self) -> list[tuple[bytes, bytes]]:
        """The frames since the last whole message, each as head and payload, the last one as far as it came;
        what is no frame has no head.
        """
        frames = list(zip(self._heads, self._fragments, strict=True))
        if self._buffer:
            start = 0 if self.broken else _head_length(self._buffer)
            frames.append((bytes(self._buffer[:start]), bytes(self._buffer[start:])))
        return frames

    def _frame(self) -> tuple[bool, int, bytes, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        if buffer[0] & 0x70 or opcode not in _KNOWN:  # reserved bits: extensions are never negotiated here
            self.broken = True
            return None
        start = _head_length(buffer)
        if len(buffer) < start:
            return None
        masked, length = bool(buffer[1] & 0x80), buffer[1] & 0x7F
        if length >= 126:
            (length,) = struct.unpack_from("!H" if length == 126 else "!Q", buffer, 2)
        key = bytes(buffer[start - 4 : start]) if masked else b""
        if len(buffer) < start + length:
            return None
        head, payload = bytes(buffer[:start]), bytes(buffer[start : start + length])
        del buffer[: start + length]
        return final, opcode, _unmask(payload, key) if masked else payload, head

    def _join(self, final: bool, opcode: int, payload: bytes, head: bytes) -> Message | None:
        if opcode >= CLOSE:
            return Message(opcode, payload)
        if (opcode == CONTINUATION) == (self._opcode is None):
            self.broken = True  # a continuation of nothing, or a message inside a message
            self._buffer[:0] = head + payload
            return None
        if opcode != CONTINUATION:
            self._opcode = opcode
        self._fragments.append(payload)
        self._heads.append(head)
        if not final:
            return None
        assert self._opcode is not None
        message = Message(self._opcode, b"".join(self._fragments))
        self._opcode, self._fragments, self._heads = None, [], []
        return message


def _head_length(buffer: bytearray) -> int:
    """Bytes of a frame's head, as far as its first two tell."""
    if len(buffer) < 2:
        return 2
    length = buffer[1] & 0x7F
    return 2 + (0 if length < 126 else 2 if length == 126 else 8) + (4 if buffer[1] & 0x80 else 0)


def _unmask(payload: bytes, key: bytes) -> bytes:
    """XOR with the repeated key, as one long integer: 16 MB take about 20 ms."""
    size = len(payload)
    whole = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(size, "big")
