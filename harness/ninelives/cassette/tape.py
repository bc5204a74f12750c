"""A cassette in memory, the output of conversions."""

from __future__ import annotations

from ninelives.cassette.lines import header_line
from ninelives.cassette.redact import Redactor
from ninelives.cassette.track import Track


class Tape:
    """Collects the lines of a recording; a line without a time is one millisecond after the one before."""

    def __init__(
        self, *, upstream: str = "", origin: str = "", recorded: str = "", redactor: Redactor | None = None
    ) -> None:
        self.redactor = redactor or Redactor()
        self.upstream, self.origin, self.recorded = upstream, origin, recorded
        self._lines: list[bytes] = []
        self._holding: set[Track] = set()
        self._connections = 0
        self._tick = -1

    def track(self) -> Track:
        """Begin a new exchange or socket."""
        self._connections += 1
        return Track(self._connections, self._lines.append, self.redactor, self._clock, self._holding)

    def bytes(self) -> bytes:
        """Return the file."""
        for track in list(self._holding):
            track.finish()
        from ninelives.cassette.writer import TOOL

        header = header_line(recorded=self.recorded, upstream=self.upstream, tool=TOOL, origin=self.origin)
        return header + b"".join(self._lines)

    def _clock(self) -> float:
        self._tick += 1
        return self._tick
