"""The lanes of one connection: which to ask on, and whose an event is.

A lane is a name (``stream_id``) under which one response at a time is asked for, and which the server echoes
on its events. Servers older than lanes ignore the name, carry one response at a time and leave it to the
client to know whose the events are. Pure: no I/O, no clock.
"""

from collections.abc import Collection, Iterator
from typing import Generic, Protocol, TypeVar

__all__ = ["MOST_LANES", "Lanes"]

# Documented: 32 names per connection lifetime, 16 responses at work at the same time. Some distance is kept.
MOST_LANES = 30
_MOST_IN_FLIGHT = 12


class _Response(Protocol):
    """What must be known of a response in flight."""

    lane: str | None
    began: bool
    abandoned: bool
    aside: bool
    failed: bool
    """An error event has been told of it."""


R = TypeVar("R", bound=_Response)


class Lanes(Generic[R]):
    """The responses in flight on one connection, by lane."""

    def __init__(self, known: bool | None) -> None:
        """``known``: whether the server echoes lanes, None while nobody can tell."""
        self.known = known
        self._in_flight: dict[str | None, R] = {}
        self._names: list[str] = []
        self._warmed: set[str | None] = set()
        """Lanes of warm-ups. They are not used again: no turn shall queue behind what is left of one."""

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._in_flight.values()))

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def have_room(self) -> bool:
        """Whether another response may be asked for now."""
        if self.known is None:
            # Better to find out now that there are no lanes than to let a turn wait for a warm-up.
            return all(response.aside for response in self._in_flight.values())
        if self.known is False:
            return not self._in_flight
        free = len(self._names) < MOST_LANES or bool(self._free())
        return free and len(self._in_flight) < _MOST_IN_FLIGHT

    def pick(self, keep: str | None, remembered: Collection[str | None]) -> str | None:
        """A lane to ask on: a free one that keeps the least, never the one that is continued from.

        ``remembered``: lanes whose latest response may still be of use, the most useful last.
        """
        if self.known is False:
            return None
        if free := [name for name in self._free() if name != keep]:
            order = list(remembered)
            return min(free, key=lambda name: order.index(name) if name in order else -1)
        if len(self._names) >= MOST_LANES:
            return keep
        self._names.append(f"lane-{len(self._names) + 1}")
        return self._names[-1]

    def _free(self) -> list[str]:
        return [name for name in self._names if name not in self._in_flight and name not in self._warmed]

    def take_off(self, response: R) -> None:
        """A response was asked for."""
        if response.aside:
            self._warmed.add(response.lane)
        self._in_flight[response.lane] = response

    def land(self, response: R) -> None:
        """The last event of a response has come."""
        if self._in_flight.get(response.lane) is response:
            del self._in_flight[response.lane]

    def clear(self) -> None:
        """Nothing more will come."""
        self._in_flight.clear()

    def owner(self, lane: str | None, kind: object) -> R | None:
        """The response that an event belongs to: by its lane, or, if it names none, if there is no doubt."""
        found = self._in_flight.get(lane)
        if found is not None or lane is not None:
            return found
        candidates = list(self._in_flight.values())
        if kind == "error":
            # What has failed already keeps its lane, for an end may follow; a second error it will not have.
            candidates = [response for response in candidates if not (response.abandoned and response.failed)]
        return candidates[0] if len(candidates) == 1 and not candidates[0].abandoned else None

    def are_a_mistake(self, kind: object) -> bool:
        """Whether an event that names no lane, and is nobody's, shows that the server knows none."""
        return self.known is None and len(self._in_flight) > 1 and kind in ("response.created", "error")

    @property
    def all_abandoned(self) -> bool:
        """Whether nobody waits for any of them."""
        return all(response.abandoned for response in self._in_flight.values())
