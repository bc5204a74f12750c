"""The answer of the upstream on its way into the cassette: decoded and, if it is a stream, cut into
events.
"""

from __future__ import annotations

from ninelives.cassette.coding import Unpacker
from ninelives.cassette.line_writer import LineWriter

LARGEST = 64 * 2**20
"""The most bytes to which a compressed body is unpacked."""

MOST = 128 * 2**20
"""Bytes of a body, an event or a message that are recorded: they are held until the last has come, and
searching them for secrets takes a multiple.
"""


class TooLarge(Exception):
    """More came than is recorded. The text says what."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is larger than {MOST // 2**20} MiB")


class Answer:
    """One answer. `packed` are its codings. Raises CodingError if it cannot be decoded, TooLarge."""

    def __init__(self, line_writer: LineWriter, packed: str) -> None:
        self._line_writer, self._packed = line_writer, packed
        self._unpacker: Unpacker | None = None
        self._body = bytearray()

    @property
    def waiting(self) -> int:
        """Bytes that arrived and were not processed yet."""
        return len(self._body) + self._line_writer.waiting

    def read(self, data: bytes, t: float) -> None:
        """Take the bytes of one network read."""
        if self._unpacker is None:
            self._unpacker = Unpacker(self._packed, LARGEST)
        plain = self._unpacker.feed(data)
        if self._line_writer.streaming:
            self._line_writer.read(plain, t)
            if self._line_writer.waiting > MOST:
                raise TooLarge("an event")
        elif len(self._body) + len(plain) > MOST:
            self._body = bytearray()
            raise TooLarge("an answer")
        else:
            self._body += plain

    def end(self, t: float) -> None:
        """Note that it ended normally."""
        if self._unpacker is not None:
            self._unpacker.finish()
        self._write(t, broken=False)
        self._line_writer.end(t)

    def broken_off(self, t: float) -> None:
        """Write the part that arrived before the answer broke off."""
        self._write(t, broken=True)

    def _write(self, t: float, *, broken: bool) -> None:
        if self._body:
            body, self._body = bytes(self._body), bytearray()
            self._line_writer.body(body, t, broken=broken)
