"""A turn whose bytes are rendered when it begins, and the times at which its events leave.

Strategy: the content of a paced turn is known when it begins, so all its bytes are made at once, and the due
events are a slice of them. While nothing can change the turn, a timer writes these slices (`advance`) and the
turn's task sleeps. The task writes the first events, which begin the answer, and the last ones, because the
response is stored just before. As soon as something may change the turn (a fault, a cancel, a client that
does not read), the timer stops, and the remaining events are delivered one by one (`rest`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from operator import sub

from mock_openai.delivery.sent import SentEvents
from mock_openai.delivery.writer import ResponseWriter
from mock_openai.faults.plan import FaultPlan
from mock_openai.protocol.events import Event, Timed
from mock_openai.protocol.template import Rendered


class Schedule:
    """The events of one turn on their way out. `times` are in seconds since the turn began."""

    def __init__(
        self, rendered: Rendered, times: Sequence[float], writer: ResponseWriter, out: SentEvents
    ) -> None:
        self.rendered = rendered
        self.place = 0
        """How many events have left."""
        self._times = array("d", times)
        self._writer = writer
        self._out = out
        self._last = self._times.index(self._times[-1])
        """The first of the events that leave with the last."""
        self.longest_silence: float = max([times[0], *map(sub, times[1:], times)])
        """Seconds between the two events that are farthest apart, or before the first."""
        self._data = b""
        self._ends = array("L")

    @property
    def types(self) -> list[str]:
        """The types of the events that have left."""
        return self.rendered.types[: self.place]

    @property
    def at(self) -> float:
        """When the next event is due."""
        return self._times[self.place]

    @property
    def following(self) -> Event:
        """The next event."""
        return self.rendered.single(self.place)

    @property
    def ending(self) -> bool:
        """Whether only those events are left that leave with the last."""
        return self.place >= self._last

    def hand_over(self, elapsed: float) -> None:
        """Hand over the events that are due this many seconds after the turn began, at least the next one."""
        end = self.place + 1
        while end < self._last and self._times[end] <= elapsed:
            end += 1
        self._writer.put_wire(self._slice(end))
        self._out.handed_over(self.rendered, end)
        self.place = end

    def tail(self, now: float) -> bytes | None:
        """Return the last events as they leave at `now` (unix seconds); None if no event has left yet."""
        if not self.place:
            return None
        # Event by event, each is made as soon as the one before it has left.
        self.rendered.complete(now - (self._times[-1] - self._times[-2]))
        return self._slice(len(self._times) - 1) + self._writer.encode(self.rendered[-1])

    def advance(self, began: float, faults: FaultPlan) -> Callable[[float], float | None]:
        """Return a function that writes the due events, for a timer to call. `began` is the loop's time at
        which the turn began.
        """
        version, writer, out, rendered = faults.version, self._writer, self._out, self.rendered
        due = array("d", [began + at for at in self._times])
        last, data, ends = self._last, self._data, self._ends

        def advance(now: float) -> float | None:
            place = end = self.place
            while end < last and due[end] <= now:
                end += 1
            if end > place:
                if faults.version != version or not writer.push(data[ends[place - 1] : ends[end - 1]]):
                    return None
                self.place = end
                out.left(rendered, end, now)
            return due[end] if end < last else None

        return advance

    def rest(self, now: Callable[[], float]) -> Iterator[Timed]:
        """Return the events that have not left, one by one. `now` gives unix seconds."""
        for place in range(self.place, len(self._times)):
            if place == len(self._times) - 1:
                self.rendered.complete(now())
            yield Timed(self._times[place], self.rendered[place])

    def _slice(self, end: int) -> bytes:
        if not self._data:
            self._data = self.rendered.wire(self._writer.framing)
            self._ends = self.rendered.ends(self._writer.framing)
        return self._data[self._ends[self.place - 1] if self.place else 0 : self._ends[end - 1]]
