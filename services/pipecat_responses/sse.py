"""Server-sent events without I/O: bytes in pieces of any size in, the ``data`` of each event out.

Other fields are ignored, because the API repeats an event's name inside its JSON.
"""

from .sizes import MOST_BYTES

__all__ = ["EventParser", "TooLarge"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class TooLarge(Exception):
    """An event has more bytes than one may have."""


class EventParser:
    """Parses a byte stream into events according to the HTML standard."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []
        self._held = 0
        self._at_start = True
        self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of every event that the next bytes complete. Raises TooLarge."""
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")  # both are one end of a line
            self._after_cr = False
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > MOST_BYTES:
            raise TooLarge(f"The server sent an event of more than {MOST_BYTES >> 20} MiB")
        if b"\n" not in piece and b"\r" not in piece:
            return []
        lines = b"".join(self._pieces).splitlines(keepends=True)
        self._pieces = [] if lines[-1].endswith((b"\n", b"\r")) else [lines.pop()]
        self._after_cr = bool(lines) and not self._pieces and lines[-1].endswith(b"\r")
        events = self._take(lines)
        if events or not self._data:
            self._held = sum(map(len, [*self._data, *self._pieces]))
        return events

    def close(self) -> list[bytes]:
        """Return the event that only lacked its closing empty line when the stream ended."""
        lines = b"".join(self._pieces).splitlines(keepends=True)
        self._pieces = []
        return self._take([*lines, b"\n"])

    def _take(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        for ended_line in lines:
            line = ended_line.rstrip(b"\r\n")
            if self._at_start:
                self._at_start = False
                line = line.removeprefix(_BYTE_ORDER_MARK)
            if not line:
                if self._data:
                    events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                value = line[5:]
                self._data.append(value[1:] if value.startswith(b" ") else value)
            elif line == b"data":
                self._data.append(b"")
        return events
