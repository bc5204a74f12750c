"""The rhythm of recorded answers, which `ninelives pace` learns from recordings with times.

An answer whose recorder kept no times has one event per millisecond, or all at the same moment, and shows no
rhythm. Only its time to the first byte is learned, if the API reported it (`openai-processing-ms`, observed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mock_openai.protocol.event_types import OPENING, is_delta
from mock_openai.protocol.events import Timed
from mock_openai.turn.learned_pace import Learned, Quantiles

from ninelives.cassette.exchanges import Exchange

IN_A_BURST = 0.02
"""Seconds up to which two deltas belong to one burst. Within bursts 3 ms were observed, between them 45."""

STALL = 1.0
"""Seconds from which a pause between two deltas counts as a stall."""

MOST = 101
"""The number of quantiles kept for each quantity."""

_TICK = 0.001
"""Seconds between events of a recording that has no times of its own."""

_HEADER = "openai-processing-ms"


@dataclass(slots=True)
class Rhythm:
    """The measurements from the recordings so far. All times are in seconds."""

    timed: int = 0
    """Answers whose events have times."""
    begun: int = 0
    """Answers without times for which the API reported how long they took to begin."""
    untimed: int = 0
    """Streamed answers from which nothing can be learned."""
    first_event: list[float] = field(default_factory=list)
    first_output: list[float] = field(default_factory=list)
    between_items: list[float] = field(default_factory=list)
    burst: list[float] = field(default_factory=list)
    within_burst: list[float] = field(default_factory=list)
    between_bursts: list[float] = field(default_factory=list)
    stalls: list[float] = field(default_factory=list)

    def hear(self, exchanges: Iterable[Exchange]) -> None:
        """Add the streamed answers of a recording."""
        for exchange in exchanges:
            events = [timed for timed in exchange.events if timed.event.type]
            if len(events) < 2:
                continue
            if has_times(events):
                self.timed += 1
                self.first_event.append(events[0].at)
                self._hear(events)
            elif (begins := _processing(exchange)) is not None:
                self.begun += 1
                self.first_event.append(begins)
            else:
                self.untimed += 1

    def pace(self, sources: Sequence[str]) -> Learned:
        """Return the pace. Raises ValueError if no answer had times and a text in more than one piece."""
        if not self.between_bursts:
            raise ValueError("no streamed answer with several events has the times of its events")
        paused = len(self.between_bursts) + len(self.stalls)
        return Learned(
            first_event=quantiles(self.first_event),
            first_output=quantiles(self.first_output or [0.0]),
            between_items=quantiles(self.between_items or self.between_bursts),
            burst=quantiles(self.burst),
            within_burst=quantiles(self.within_burst or [0.0]),
            between_bursts=quantiles(self.between_bursts),
            stalls=quantiles(self.stalls) if self.stalls else (),
            stall_share=round(len(self.stalls) / paused, 6),
            sources=tuple(sources),
        )

    def _hear(self, events: Sequence[Timed]) -> None:
        output = next((timed for timed in events if timed.event.type not in OPENING), None)
        if output is not None:
            self.first_output.append(output.at - events[0].at)
        size, items = 0, 0
        for before, now in pairwise([events[0], *events]):
            gap, kind = now.at - before.at, now.event.type
            if kind == "response.output_item.added":
                items += 1
                if items > 1:
                    self.between_items.append(gap)
            if not is_delta(kind):
                continue
            if size and is_delta(before.event.type) and gap <= IN_A_BURST:
                self.within_burst.append(gap)
                size += 1
                continue
            if size:
                self.burst.append(size)
            size = 1
            if is_delta(before.event.type):
                (self.stalls if gap >= STALL else self.between_bursts).append(gap)
        if size:
            self.burst.append(size)


def has_times(events: Sequence[Timed]) -> bool:
    """Whether the times of a stream were really recorded, rather than made up to keep the order of events."""
    return events[-1].at - events[0].at > _TICK * len(events)


def quantiles(values: Sequence[float], most: int = MOST) -> Quantiles:
    """Return values as quantiles at equal distances: all of them, or `most` if there are more."""
    ordered = sorted(values)
    count = min(len(ordered), most)
    if count == 1:
        return (round(ordered[0], 6),)
    places = (place * (len(ordered) - 1) / (count - 1) for place in range(count))
    return tuple(round(_at(ordered, place), 6) for place in places)


def _at(ordered: Sequence[float], place: float) -> float:
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _processing(exchange: Exchange) -> float | None:
    given = next((value for name, value in exchange.headers.items() if name.lower() == _HEADER), "")
    return int(given) / 1000 if given.isascii() and given.isdigit() else None
