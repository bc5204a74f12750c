"""Which events of a response were lost on the way and which came twice, by their sequence numbers.

Servers number in their own ways or not at all, so numbers are believed only after some came one after the
other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Seen", "Sequence"]

# After so many events numbered one after the other a gap is taken for a lost event.
_TRUSTED_AFTER = 3


Seen = Literal["next", "repeated", "gap"]
"""What the number of an event says: nothing is amiss as far as numbers tell; the event has been here before;
or one before it got lost.
"""


@dataclass(slots=True)
class Sequence:
    """The numbers of one response so far."""

    _next: int | None = None
    _in_order: int = 0
    _unnumbered: bool = False
    _last: Mapping[str, Any] | None = None

    @property
    def trusted(self) -> bool:
        """Whether a lost event would be noticed."""
        return not self._unnumbered and self._in_order >= _TRUSTED_AFTER

    def take(self, event: Mapping[str, Any]) -> Seen:
        """Take the next event; on the hot path."""
        number = event.get("sequence_number")
        if number is not None and not self._unnumbered:
            if number == self._next:
                self._next = number + 1
                self._in_order += 1
            elif (seen := self._judged(number, event)) != "next":
                if seen == "gap":
                    self._last = event
                return seen
        self._last = event
        return "next"

    def _judged(self, number: object, event: Mapping[str, Any]) -> Seen:
        """A number that is not the next one: a repeated event, a gap, or a server with its own way."""
        if not isinstance(number, int):
            return "next"
        if self._next is None and number in (0, 1):  # 1: it begins there, or the first one got lost
            self._next, self._in_order = number + 1, 1
            return "next"
        if event == self._last:
            return "repeated"
        if self._next is None or not self.trusted:
            # Too early to tell a lost event from a server with its own way: count anew from here.
            self._unnumbered = self._next is None or number < self._next
            self._next, self._in_order = number + 1, 1
            return "next"
        if number < self._next:
            # Two different events in a row with one number are two: a keepalive that counts for nothing.
            return "repeated" if number < self._next - 1 else "next"
        self._next = number + 1
        return "gap"
