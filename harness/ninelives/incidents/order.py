"""Events of a response that were repeated, late or out of order, as the faults that cause it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_openai.faults import Planned, Trigger, create
from mock_openai.protocol.events import Event
from mock_openai.protocol.json import object_in

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry

LONG = 1.5
"""Seconds between two events of a response that has begun to speak, after which the second counts as late."""


@dataclass(frozen=True, slots=True)
class _Seen:
    number: int
    kind: str
    at: float


def out_of_step(events: Sequence[Entry]) -> Iterator[Planned]:
    """Return the faults that make these events of one response: copies, late events, gaps, long pauses."""
    seen = [each for entry in events if (each := _seen(entry)) is not None]
    if len(seen) < 2:
        return
    copies = Counter(each.number for each in seen)
    firsts = {each.number: each for each in reversed(seen)}
    kinds = dict(sorted((number, each.kind) for number, each in firsts.items()))
    highest = -1
    for place, each in enumerate(seen):
        if firsts[each.number] is not each:
            continue
        if copies[each.number] > 1:
            yield Planned(_trigger(each, kinds), create("duplicate", extra=copies[each.number] - 1))
        if each.number < highest:
            by = len({other.number for other in seen[:place] if other.number > each.number})
            yield Planned(_trigger(each, kinds), create("reorder", by=by))
        highest = max(highest, each.number)
        before = seen[place - 1] if place else None
        if before is not None and before.kind.endswith(".delta") and each.at - before.at > LONG:
            yield Planned(_trigger(each, kinds), create("delay", seconds=round(each.at - before.at, 2)))
    for number in range(min(kinds), highest):
        if number not in kinds:
            yield Planned(Trigger(phase="event", index=number), create("drop"))


def _seen(entry: Entry) -> _Seen | None:
    data = object_in(entry.data.data) if isinstance(entry.data, Event) else None
    number = (data or {}).get("sequence_number")
    if data is None or not isinstance(number, int) or isinstance(number, bool):
        return None
    return _Seen(number, str(data.get("type")), entry.at)


def _trigger(seen: _Seen, kinds: dict[int, str]) -> Trigger:
    """Return the trigger of an event among those of its type, in the order of their numbers."""
    nth = sum(kind == seen.kind and number <= seen.number for number, kind in kinds.items())
    return Trigger(phase="event", event=seen.kind, nth=nth)
