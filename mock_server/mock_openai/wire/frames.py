"""WebSocket frames (RFC 6455) without I/O: bytes in, whole messages out, and for invalid bytes the rule that
they break.

`FrameReader` reads a client's frames, and reports frames that a client must not send. `PassingFrames` reads
either direction of a connection that is only passed on, accepts everything, and can return the received part
of a message that was never finished. Messages may be compressed, each on its own (RFC 7692 without context
takeover).
"""

from __future__ import annotations

import struct
import zlib

import msgspec

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
"""Opcodes (section 11.8)."""

NORMAL, PROTOCOL_ERROR, NO_STATUS, INVALID_DATA, TOO_BIG = 1000, 1002, 1005, 1007, 1009
"""Close codes (section 7.4.1)."""

_FIN, _RSV, _RSV1, _OPCODE = 0x80, 0x70, 0x40, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_FIN_TEXT, _MASKED_LONG = _FIN | TEXT, _MASKED | 127
_CONTROL_LIMIT = 125
_DATA = (CONTINUATION, TEXT, BINARY)
_KNOWN = (*_DATA, CLOSE, PING, PONG)
_END_OF_DEFLATE = b"\x00\x00\xff\xff"  # RFC 7692, section 7.2.2
_MOST_UNREADABLE = 64 * 1024
"""Bytes kept of input that is not a frame."""


class Message(msgspec.Struct, frozen=True):
    """A whole message or control frame."""

    opcode: int
    data: bytes

    @property
    def close_code(self) -> int:
        """The code of a close frame; 1005 if it has none (section 7.1.5)."""
        return int.from_bytes(self.data[:2]) if len(self.data) >= 2 else NO_STATUS

    @property
    def close_reason(self) -> str:
        """The reason of a close frame."""
        return self.data[2:].decode("utf-8", "replace")


class BrokenRule(Exception):
    """The rule that a peer broke; `code` is the close code for it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Reads the frames of one client. A message of `limit` bytes or more is too large; with `inflate`,
    messages may be compressed.
    """

    masks: bool | None = True
    """Whether frames must be masked; None accepts both (section 5.1)."""
    checks_content = True
    """Whether texts must be UTF-8 and close codes valid (sections 5.6 and 7.4)."""

    def __init__(self, limit: float = float("inf"), *, inflate: bool = False) -> None:
        self.broken: BrokenRule | None = None
        """The rule that was broken; nothing is read after that."""
        self._limit = limit
        self._inflate = inflate
        self._ahead = bytearray()
        self._opcode = CONTINUATION
        """The opcode of the unfinished message; CONTINUATION if there is none."""
        self._packed = False
        self._fragments = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes and return the messages that they complete, up to the first broken rule."""
        if self.broken is not None:
            return []
        found: list[Message] = []
        at = 0
        try:
            self._ahead += data
            while (frame := self._frame(at)) is not None:
                start, end, first, payload = frame
                message = self._message(first, payload, at, start)
                at = end
                if message is not None:
                    found.append(message)
        except BrokenRule as broken:
            self.broken = broken
        del self._ahead[:at]
        return found

    def alone(self, data: bytes) -> bytes | None:
        """Take bytes and return the text if they are exactly one short text frame, as they nearly always are.
        Otherwise return None; the caller passes them to `feed`.
        """
        if self._ahead or self._opcode != CONTINUATION or len(data) < 6 or self.broken is not None:
            return None
        if data[0] != _FIN_TEXT:
            return None
        size, start = data[1] - _MASKED, 6
        if size == 126:
            size, start = _number(data[2:4]), 8
        if len(data) != start + size or not 0 <= size < self._limit or data[1] == _MASKED_LONG:
            return None
        payload = _unmasked(data[start:], data[start - 4 : start])
        return payload if payload.isascii() or _is_text(payload) else None

    def _frame(self, at: int) -> tuple[int, int, int, bytes] | None:
        """Return the frame that begins here, once it is complete: where its payload begins and ends, its
        first byte and its payload (section 5.2).
        """
        data = self._ahead
        if len(data) - at < 2:
            return None
        first, second = data[at], data[at + 1]
        self._check_head(first, second)
        start = at + head_length(second)
        size = second & _LENGTH
        if size > _CONTROL_LIMIT:
            if len(data) < at + (4 if size == 126 else 10):
                return None
            (size,) = struct.unpack_from("!H" if size == 126 else "!Q", data, at + 2)
        if size + len(self._fragments) >= self._limit and first & _OPCODE in _DATA:
            raise BrokenRule(TOO_BIG, "The message is too big.")
        end = start + size
        if len(data) < end:
            return None
        payload = data[start:end]
        return (
            start,
            end,
            first,
            _unmasked(payload, data[start - 4 : start]) if second & _MASKED else bytes(payload),
        )

    def _check_head(self, first: int, second: int) -> None:
        opcode = first & _OPCODE
        if opcode not in _KNOWN:  # section 5.2
            raise BrokenRule(PROTOCOL_ERROR, "Unknown opcode.")
        if self.masks and not second & _MASKED:  # section 5.1
            raise BrokenRule(PROTOCOL_ERROR, "Frames of a client must be masked.")
        may_be_packed = self._inflate and opcode in (TEXT, BINARY)
        if first & _RSV & ~(_RSV1 if may_be_packed else 0):  # section 5.2
            raise BrokenRule(PROTOCOL_ERROR, "Reserved bits must be zero.")
        if opcode not in _DATA:  # section 5.5
            if not first & _FIN:
                raise BrokenRule(PROTOCOL_ERROR, "Control frames must not be fragmented.")
            if second & _LENGTH > _CONTROL_LIMIT:
                raise BrokenRule(PROTOCOL_ERROR, "Control frames have 125 bytes at most.")
        elif (opcode == CONTINUATION) != (self._opcode != CONTINUATION):  # section 5.4
            raise BrokenRule(PROTOCOL_ERROR, "Fragments of messages are out of order.")

    def _message(self, first: int, payload: bytes, at: int, start: int) -> Message | None:
        """Add a frame to its message (section 5.4); its head is the bytes from `at` to `start`."""
        opcode = first & _OPCODE
        if opcode == CLOSE and self.checks_content:
            _check_close(payload)
        if opcode not in _DATA:
            return Message(opcode, payload)
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
        if kind == TEXT and self.checks_content:
            _check_text(payload)
        return Message(kind, payload)

    def _inflated(self, payload: bytes) -> bytes:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            plain = inflater.decompress(payload + _END_OF_DEFLATE, int(self._limit))
        except zlib.error:
            raise BrokenRule(INVALID_DATA, "The message cannot be inflated.") from None
        if len(plain) >= self._limit:
            raise BrokenRule(TOO_BIG, "The message is too big.")
        return plain


class PassingFrames(FrameReader):
    """Reads one direction of a connection that is passed on. Bytes that break the protocol stop it, and are
    passed on too; so does a message of `limit` bytes or more.
    """

    masks = None
    checks_content = False

    def __init__(self, limit: float = float("inf")) -> None:
        super().__init__(limit)
        self._frames: list[tuple[bytes, bytes]] = []

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes and return the messages that they complete."""
        if self.broken is not None:
            self._ahead += data[: max(0, _MOST_UNREADABLE - len(self._ahead))]
        return super().feed(data)

    def unfinished(self) -> list[tuple[bytes, bytes]]:
        """Return the frames since the last whole message, each as head and payload, the last one possibly
        incomplete; bytes that are not a frame have no head.
        """
        frames = list(self._frames)
        if self._ahead:
            whole_head = len(self._ahead) >= 2 and self.broken is None
            start = head_length(self._ahead[1]) if whole_head else 0 if self.broken else 2
            frames.append((bytes(self._ahead[:start]), bytes(self._ahead[start:])))
        return frames

    def _message(self, first: int, payload: bytes, at: int, start: int) -> Message | None:
        message = super()._message(first, payload, at, start)
        if message is None:
            self._frames.append((bytes(self._ahead[at:start]), payload))
        elif message.opcode in _DATA:
            self._frames.clear()
        return message


def head_length(second: int) -> int:
    """Return the length of a frame's head, given by its second byte (section 5.2)."""
    size = second & _LENGTH
    return 2 + (0 if size < 126 else 2 if size == 126 else 8) + (4 if second & _MASKED else 0)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return an unmasked frame, as servers send them."""
    return _head(len(payload), opcode) + payload


def text_around(_: str, size: int) -> tuple[bytes, bytes]:
    """Return the bytes before and after the payload of a text frame of this size."""
    return _head(size, TEXT), b""


def close_frame(code: int | None, reason: str = "") -> bytes:
    """Return a close frame; without a code it has no payload (section 5.5.1)."""
    payload = b"" if code is None else struct.pack("!H", code) + reason.encode()
    return frame(payload, CLOSE)


def _head(size: int, opcode: int) -> bytes:
    if size < 126:
        return bytes((_FIN | opcode, size))
    if size < 65536:
        return struct.pack("!BBH", _FIN | opcode, 126, size)
    return struct.pack("!BBQ", _FIN | opcode, 127, size)


_number = int.from_bytes  # looked up once: a lookup costs as much as 30 bytes of payload


def _unmasked(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    # Section 5.3. One exclusive-or of two large integers is the fastest way in Python, and linear.
    words = len(payload) // 4 + 1
    unmasked = _number(payload, "little") ^ _number(mask * words, "little")
    return unmasked.to_bytes(4 * words, "little")[: len(payload)]


def _check_text(payload: bytes) -> None:
    if not _is_text(payload):
        raise BrokenRule(INVALID_DATA, "Text must be UTF-8.")


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_close(payload: bytes) -> None:
    code = int.from_bytes(payload[:2]) if len(payload) >= 2 else None
    if len(payload) == 1 or (code is not None and not _is_close_code(code)):
        raise BrokenRule(PROTOCOL_ERROR, "This is not a close code.")
    _check_text(payload[2:])


def _is_close_code(code: int) -> bool:  # sections 7.4.1 and 7.4.2, and the registry that they name
    return code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code <= 4999
