"""A cassette in memory, the output of conversions."""

from __future__ import annotations

from urllib.parse import urlsplit

from ninelives.cassette.line_writer import LineWriter
from ninelives.cassette.lines import header_line
from ninelives.cassette.redact import Redactor


def origin_of(url: str) -> str:
    """Return scheme and host of a URL as of HTTP, without user and password; empty for a path."""
    parts = urlsplit(url)
    return (
        f"{parts.scheme.replace('ws', 'http', 1)}://{parts.netloc.rpartition('@')[2]}" if parts.scheme else ""
    )


def path_of(url: str, upstream: str) -> str:
    """Return the path of a URL of the upstream; the whole URL of any other server."""
    parts = urlsplit(url)
    if parts.netloc.rpartition("@")[2] != urlsplit(upstream).netloc:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


LINES = 500_000
"""Lines to which a file may be converted."""


class TooManyLines(Exception):
    """A recording has more lines than are converted."""


class _Lines(list[bytes]):
    def append(self, line: bytes) -> None:
        if len(self) >= LINES:
            raise TooManyLines
        super().append(line)


class CassetteBuilder:
    """Collects the lines of a recording; a line without a time is one millisecond after the one before.
    Raises TooManyLines for more than `LINES` lines.
    """

    def __init__(
        self, *, upstream: str = "", origin: str = "", recorded: str = "", redactor: Redactor | None = None
    ) -> None:
        self.redactor = redactor or Redactor()
        self.upstream, self.origin, self.recorded = upstream, origin, recorded
        self._lines = _Lines()
        self._holding: set[LineWriter] = set()
        self._connections = 0
        self._tick = -1

    def line_writer(self) -> LineWriter:
        """Begin a new exchange or socket."""
        self._connections += 1
        return LineWriter(self._connections, self._lines.append, self.redactor, self._clock, self._holding)

    def bytes(self) -> bytes:
        """Return the file."""
        for line_writer in list(self._holding):
            line_writer.finish()
        from ninelives.cassette.writer import TOOL

        header = header_line(recorded=self.recorded, upstream=self.upstream, tool=TOOL, origin=self.origin)
        return header + b"".join(self._lines)

    def _clock(self) -> float:
        self._tick += 1
        return self._tick
