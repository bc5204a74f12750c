"""A cassette in memory, the output of conversions."""

from __future__ import annotations

from ninelives.cassette.line_writer import LineWriter
from ninelives.cassette.lines import header_line
from ninelives.cassette.redact import Redactor


class CassetteBuilder:
    """Collects the lines of a recording; a line without a time is one millisecond after the one before."""

    def __init__(
        self, *, upstream: str = "", origin: str = "", recorded: str = "", redactor: Redactor | None = None
    ) -> None:
        self.redactor = redactor or Redactor()
        self.upstream, self.origin, self.recorded = upstream, origin, recorded
        self._lines: list[bytes] = []
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
