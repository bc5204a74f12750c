"""Which events of a response were lost on the way and which came twice, judged by their sequence numbers.

The API numbers the events of a response from 0 without a gap (observed). Other servers start elsewhere,
restart inside a response, repeat a number or send none, and proxies send events a second time. The rules:

- The number that is due is in order. It is not compared with anything: this is the hot path.
- An event that equals one seen before under the same number is a repetition. ``obfuscation`` does not count.
- Events that the stream has no use for (``keepalive``, unknown types) never move the count. The API's take a
  number (reported), others share one with a neighbour: their numbers only excuse a gap.
- An older number with other content means that the server restarted its count, or that it gave one number to
  two events; the event counts, and counting goes on from there.
- A number beyond the one that is due is a gap, once some events have come in order. Before that it is a
  server with its own way of counting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Seen", "Sequence"]

_TRUSTED_AFTER = 3
"""So many events in order, and a gap means a lost event."""

_LONGEST_GAP = 10_000
"""A larger step is not remembered number by number: it is another way of counting."""

Seen = Literal["next", "repeated", "gap"]
"""What the number of an event says: nothing is amiss as far as numbers tell; the event has been here before;
or one before it got lost.
"""

Event = Mapping[str, Any]


@dataclass(slots=True)
class Sequence:
    """The numbers of one response so far."""

    _next: int | None = None
    """The number that is due, by the events that count."""
    _next_of_all: int = 0
    """The number that is due if those that the stream has no use for count as well."""
    _in_order: int = 0
    _unnumbered: bool = False
    _restarted: bool = False
    _seen: dict[int, Event] = field(default_factory=dict)
    """The first event under each number."""
    _more: dict[int, list[Event]] = field(default_factory=dict)
    """Further events under a number: those of a count that restarted."""
    _idle: set[int] = field(default_factory=set)
    """Numbers of events that the stream has no use for."""
    _missing: set[int] = field(default_factory=set)
    """Numbers of lost events; one of these may still come late."""

    @property
    def trusted(self) -> bool:
        """Whether a lost event would be noticed."""
        return not self._unnumbered and self._in_order >= _TRUSTED_AFTER

    @property
    def whole_until(self) -> int | None:
        """The number of the last event before which none is missing; None where numbers say nothing."""
        if self._unnumbered or self._restarted or self._next is None:
            return None
        return min(self._missing, default=self._next) - 1

    def take(self, event: Event, *, useful: bool = True) -> Seen:
        """Judge the next event. ``useful``: whether the stream knows what to do with its type."""
        number = event.get("sequence_number")
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
                return "gap"  # of this count or of the one before: the whole text will tell
            self._in_order += 1
            seen: Seen = "next"
        elif (seen := self._judged(number, event)) == "repeated":
            return seen
        self._next = self._next_of_all = number + 1
        if number in self._seen:
            self._more.setdefault(number, []).append(event)
        else:
            self._seen[number] = event
        return seen

    def _judged(self, number: int, event: Event) -> Seen:
        """Judge a number that is not the one that is due."""
        if self._next is None:
            # The first event lost, or a server that counts from 1; any other first number says nothing.
            self._unnumbered = number not in (0, 1, self._next_of_all)
            self._in_order += 1
            return "next"
        if self._is_known(number, event):
            return "repeated"
        if number < self._next:
            return self._judged_older(number)
        missing = set(range(self._next, min(number, self._next + _LONGEST_GAP))) - self._idle
        if not missing:
            self._in_order += 1
            return "next"
        if not self.trusted:
            self._in_order = 1
            return "next"
        self._missing |= missing
        return "gap"

    def _judged_older(self, number: int) -> Seen:
        if number in self._missing:
            self._missing.discard(number)
            return "repeated"  # it comes late: what it says is known by now, or the end will tell
        if number + 1 == self._next:
            # Three events and one number: this server gives every event the same.
            self._unnumbered = {number} == {*self._seen, *self._idle} and number in self._more
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
    if "obfuscation" not in event and "obfuscation" not in known:
        return False
    return _without_padding(event) == _without_padding(known)


def _without_padding(event: Event) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "obfuscation"}
