"""WebSocket frames as clients send them: bytes in, whole messages out, and which rule broken bytes break.

Pure: no socket, no clock. Clients must mask their frames and fragment no control frame, text is UTF-8, and
nothing is kept of a message that would be too large (RFC 6455). With `inflate`, messages may be compressed,
each on its own (RFC 7692 without context takeover).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

_FIN, _RSV, _RSV1, _OPCODE = 0x80, 0x70, 0x40, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_CONTROL_LIMIT = 125
_DATA = (CONTINUATION, TEXT, BINARY)
_KNOWN = (*_DATA, CLOSE, PING, PONG)
_END_OF_DEFLATE = b"\x00\x00\xff\xff"

NORMAL, PROTOCOL_ERROR, NO_TEXT, TOO_BIG = 1000, 1002, 1007, 1009


class BrokenRule(Exception):
    """The client broke the protocol; `code` is the close code that says how."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Reads one connection's frames. A message from `limit` bytes on is too large."""

    def __init__(self, limit: int, *, inflate: bool = False) -> None:
        self._limit = limit
        self._inflate = inflate
        self._ahead = bytearray()
        self._opcode = CONTINUATION
        """Of the message that is under way; CONTINUATION while there is none."""
        self._packed = False
        self._fragments = bytearray()

    def alone(self, data: bytes) -> bytes | None:
        """Give the payload when these bytes are one short text message and nothing is under way, which is so
        nearly always; None leaves them to `feed`. Raises BrokenRule as that does.
        """
        if self._ahead or self._opcode != CONTINUATION or len(data) < 6:
            return None
        if data[0] != _FIN | TEXT or data[1] < _MASKED:
            return None
        size, start = data[1] & _LENGTH, 2
        if size == 126:
            size, start = int.from_bytes(data[2:4]), 4
        if size == 127 or size >= self._limit or len(data) != start + 4 + size:
            return None
        payload = _unmasked(data[start + 4 :], data[start : start + 4])
        _check_text(payload)
        return payload

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Give the opcode and payload of every message that these bytes complete; raises BrokenRule, after
        which nothing more can be read.
        """
        self._ahead += data
        at = 0
        try:
            while (found := self._frame(at)) is not None:
                at, first, payload = found
                message = self._message(first, payload)
                if message is not None:
                    yield message
        finally:
            del self._ahead[:at]

    def _frame(self, at: int) -> tuple[int, int, bytes] | None:
        """Give the place after the frame that begins here, its first byte and its payload, once it is all
        there.
        """
        data = self._ahead
        if len(data) - at < 2:
            return None
        first, second = data[at], data[at + 1]
        self._check_head(first, second)
        size, start = second & _LENGTH, at + 2
        if size > _CONTROL_LIMIT:
            layout = "!H" if size == 126 else "!Q"
            if len(data) < start + struct.calcsize(layout):
                return None
            (size,) = struct.unpack_from(layout, data, start)
            start += struct.calcsize(layout)
        if size + len(self._fragments) >= self._limit and first & _OPCODE in _DATA:
            raise BrokenRule(TOO_BIG, "The message is too big.")
        end = start + 4 + size
        if len(data) < end:
            return None
        return end, first, _unmasked(data[start + 4 : end], data[start : start + 4])

    def _check_head(self, first: int, second: int) -> None:
        opcode = first & _OPCODE
        if opcode not in _KNOWN:
            raise BrokenRule(PROTOCOL_ERROR, "Unknown opcode.")
        if not second & _MASKED:
            raise BrokenRule(PROTOCOL_ERROR, "Frames of a client must be masked.")
        may_be_packed = self._inflate and opcode in (TEXT, BINARY)
        if first & _RSV & ~(_RSV1 if may_be_packed else 0):
            raise BrokenRule(PROTOCOL_ERROR, "Reserved bits must be zero.")
        if opcode not in _DATA:
            if not first & _FIN:
                raise BrokenRule(PROTOCOL_ERROR, "Control frames must not be fragmented.")
            if second & _LENGTH > _CONTROL_LIMIT:
                raise BrokenRule(PROTOCOL_ERROR, "Control frames have 125 bytes at most.")
        elif (opcode == CONTINUATION) != (self._opcode != CONTINUATION):
            raise BrokenRule(PROTOCOL_ERROR, "Fragments of messages are out of order.")

    def _message(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        opcode = first & _OPCODE
        if opcode == CLOSE:
            _check_close(payload)
        if opcode not in _DATA:
            return opcode, payload
        if opcode != CONTINUATION:
            self._opcode, self._packed = opcode, bool(first & _RSV1)
        if not first & _FIN:
            self._fragments += payload
            return None
        if self._fragments:
            payload = bytes(self._fragments + payload)
            self._fragments.clear()
        kind, self._opcode = self._opcode, CONTINUATION
        if self._packed:
            payload = self._inflated(payload)
        if kind == TEXT:
            _check_text(payload)
        return kind, payload

    def _inflated(self, payload: bytes) -> bytes:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            plain = inflater.decompress(payload + _END_OF_DEFLATE, self._limit)
        except zlib.error:
            raise BrokenRule(NO_TEXT, "The message cannot be inflated.") from None
        if len(plain) >= self._limit:
            raise BrokenRule(TOO_BIG, "The message is too big.")
        return plain


def _unmasked(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    # One exclusive-or of two large numbers is the fastest that Python has, and linear.
    size = len(payload)
    repeated = bytes(mask) * (size // 4 + 1)
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated[:size], "little")).to_bytes(
        size, "little"
    )


def _check_text(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise BrokenRule(NO_TEXT, "Text must be UTF-8.") from None


def _check_close(payload: bytes) -> None:
    code = close_code(payload)
    if len(payload) == 1 or (code is not None and not _is_close_code(code)):
        raise BrokenRule(PROTOCOL_ERROR, "This is no close code.")
    _check_text(payload[2:])


def close_code(payload: bytes) -> int | None:
    """Give the code in a close frame; None when it has none."""
    return int.from_bytes(payload[:2]) if len(payload) >= 2 else None


def _is_close_code(code: int) -> bool:
    return code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code <= 4999
