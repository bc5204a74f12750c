"""Server-sent events, without I/O: bytes in whatever pieces the network makes of them, out come the ``data``
of each event.

Only ``data`` matters here, because the API repeats an event's name inside its JSON.
"""

__all__ = ["EventParser"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventParser:
    """Cuts a byte stream into events as the HTML standard says; how it came in pieces does not matter."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []
        self._at_start = True

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes; return the data of every event that they complete."""
        self._pieces.append(piece)
        if b"\n" not in piece:
            return []
        lines = b"".join(self._pieces).splitlines(keepends=True)
        # Only \n surely ends a line: after a \r at the very end its \n may still be on its way.
        self._pieces = [] if lines[-1].endswith(b"\n") else [lines.pop()]
        return self._take(lines)

    def close(self) -> list[bytes]:
        """The stream ended; return events that only lacked their closing empty line."""
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
