"""Server-sent events without I/O: bytes in pieces of any size in, the ``data`` of each event out.

Other fields are ignored, because the API repeats an event's name inside its JSON.
"""

__all__ = ["EventParser"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventParser:
    """Parses a byte stream into events according to the HTML standard."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []
        self._at_start = True

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of every event that the next bytes complete."""
        self._pieces.append(piece)
        if b"\n" not in piece:
            return []
        lines = b"".join(self._pieces).splitlines(keepends=True)
        # Only \n certainly ends a line: after a \r at the very end, its \n may still come.
        self._pieces = [] if lines[-1].endswith(b"\n") else [lines.pop()]
        return self._take(lines)

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
