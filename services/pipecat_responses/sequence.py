"""Lost and repeated events of a response, detected by sequence numbers.

The API numbers the events of a response from 0 without a gap (observed). Other servers start elsewhere,
restart within a response, repeat a number or send none, and proxies repeat events. The rules:

- An event with the next number is in order. It is not compared with anything: this is the hot path.
- An event that equals an earlier one with the same number is a repetition. ``obfuscation`` is ignored.
- Events that the stream does not use (``keepalive``, unknown types) never advance the count. The API gives
  them numbers (reported), other servers repeat a neighbor's: their numbers only fill a gap.
- An older number that was missing is a late event: its piece of text is known by now, or will be at the end.
- Any other older number with different content means that the server restarted its count, or used one number
  for two events; the event counts, and the count continues from there.
- A number beyond the next one is a gap, once some events have come in order. Before that the server counts
  in its own way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from .text import TextDelta

__all__ = ["Seen", "Sequence"]

_TRUSTED_AFTER = 3
"""After this many events in order a gap means a lost event."""

_LONGEST_GAP = 10_000
"""A larger step is not recorded number by number: the server counts in its own way. Nor are more in all."""

_MOST_UNDER_ONE_NUMBER = 32
"""With more events under one number, the numbers of this server say nothing."""

Seen = Literal["next", "repeated", "gap", "late"]
"""``next``: in order as far as numbers tell; ``repeated``: the event came before; ``gap``: one was lost;
``late``: later events came before it.
"""

Event = Mapping[str, Any] | TextDelta


@dataclass(slots=True)
class Sequence:
    """The sequence numbers of one response so far."""

    _next: int | None = None
    """The next number, counting only events that the stream uses."""
    _next_of_all: int = 0
    """The next number, counting all events."""
    _in_order: int = 0
    _unnumbered: bool = False
    _restarted: bool = False
    _seen: dict[int, Event] = field(default_factory=dict)
    """The first event under each number."""
    _more: dict[int, list[Event]] = field(default_factory=dict)
    """Further events under a number, from a count that restarted."""
    _idle: set[int] = field(default_factory=set)
    """Numbers of events that the stream does not use."""
    _missing: set[int] = field(default_factory=set)
    """Numbers of lost events, which may still come late."""

    @property
    def trusted(self) -> bool:
        """Whether a lost event would be detected."""
        return not self._unnumbered and self._in_order >= _TRUSTED_AFTER

    @property
    def whole_until(self) -> int | None:
        """The number of the last event before which none is missing; None if the numbers are unusable."""
        if self._unnumbered or self._restarted or self._next is None:
            return None
        return min(self._missing, default=self._next) - 1

    def take(self, event: Event, *, useful: bool = True) -> Seen:
        """Classify the next event. ``useful``: whether the stream uses its type."""
        number = event.sequence_number if isinstance(event, TextDelta) else event.get("sequence_number")
        if number is None or self._unnumbered or type(number) is not int:
            return "next"
        if not useful:
            self._idle.add(number)
            if number == self._next_of_all or (self._next is None and number == 1):
                self._next_of_all = number + 1
                self._in_order += 1
            return "next"
        if number == self._next:
            if self._restarted and self._is_known(number, event):
                return "gap"  # of this count or the one before: the whole text settles it
            self._in_order += 1
            seen: Seen = "next"
        elif (seen := self._judged(number, event)) in ("repeated", "late"):
            return seen
        self._next = self._next_of_all = number + 1
        if number in self._seen:
            more = self._more.setdefault(number, [])
            more.append(event)
            self._unnumbered = self._unnumbered or len(more) > _MOST_UNDER_ONE_NUMBER
        else:
            self._seen[number] = event
        return seen

    def _judged(self, number: int, event: Event) -> Seen:
        """Classify an event whose number is not the next one."""
        if self._next is None:
            # The first events were lost, or the server begins to count elsewhere: nobody can tell.
            self._in_order += 1
            return "next"
        if self._is_known(number, event):
            return "repeated"
        if number < self._next:
            return self._judged_older(number, event)
        missing = self._missing_before(number)
        if not missing:
            self._in_order += 1
            return "next"
        if not self.trusted:
            self._in_order = 1
            return "next"
        self._missing |= missing
        return "gap"

    def _missing_before(self, number: int) -> set[int]:
        """Return the numbers that were passed over; of very many only the first, from which to resume."""
        assert self._next is not None
        if number == self._next_of_all:
            return set()
        if number - self._next > _LONGEST_GAP or len(self._missing) > _LONGEST_GAP:
            return {self._next}
        return set(range(self._next, number)) - self._idle

    def _judged_older(self, number: int, event: Event) -> Seen:
        if number in self._missing:
            self._missing.discard(number)
            self._seen[number] = event  # it may come late more than once
            return "late"
        if number + 1 == self._next:
            # Three events with one number: this server gives every event the same.
            self._unnumbered = number in self._more and len(self._seen) == 1 and self._idle <= {number}
            return "next"
        self._restarted = True
        self._in_order = 1
        return "next"

    def _is_known(self, number: int, event: Event) -> bool:
        if (first := self._seen.get(number)) is None:
            return False
        return any(_same(event, known) for known in (first, *self._more.get(number, ())))


def _same(event: Event, known: Event) -> bool:
    if event == known:
        return True
    if isinstance(event, TextDelta) or isinstance(known, TextDelta):
        return _as_delta(event) == _as_delta(known)
    if "obfuscation" not in event and "obfuscation" not in known:
        return False
    return _without_padding(event) == _without_padding(known)


def _as_delta(event: Event) -> TextDelta | None:
    try:
        return event if isinstance(event, TextDelta) else msgspec.convert(dict(event), TextDelta)
    except msgspec.ValidationError:
        return None


def _without_padding(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "obfuscation"}
