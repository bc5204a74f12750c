"""The lanes of one connection: which one the next request uses, and which response an event belongs to.

A lane is a name (``stream_id``) for one response at a time; the server echoes it on the response's events.
Servers without lanes ignore the name, carry one response at a time, and their events do not say which
response they belong to. Pure: no I/O, no clock.
"""

from collections import deque
from collections.abc import Collection, Iterator
from typing import Generic, Protocol, TypeVar

__all__ = ["MOST_LANES", "LaneTable"]

# Documented limits: 32 names in the lifetime of a connection, 16 responses at a time. We stay below both.
MOST_LANES = 30
_MOST_IN_FLIGHT = 12

_MOST_ENDED = 64
"""So many ended responses are known by their ids: two for each lane, and more."""


class _Response(Protocol):
    """The state of a pending response."""

    lane: str | None
    id: str | None
    """Its id, from ``response.created``."""
    began: bool
    abandoned: bool
    warm_up: bool
    failed: bool
    """Whether an error event has come for it."""


R = TypeVar("R", bound=_Response)


class LaneTable(Generic[R]):
    """The pending responses of one connection, by lane."""

    def __init__(self, known: bool | None) -> None:
        """``known``: whether the server echoes lanes, None while nobody can tell."""
        self.known = known
        self._in_flight: dict[str | None, R] = {}
        self._names: list[str] = []
        self._used_for_warm_up: set[str | None] = set()
        """Lanes of warm-ups. They are not used again: no turn shall queue behind what is left of one."""
        self._latest: str | None = None
        """The lane of the response that ended last. Late or repeated events of it may still come."""
        self._ended: deque[str] = deque(maxlen=_MOST_ENDED)
        """The ids of the responses that ended last."""
        self._last_end: str | None = None
        """The id in the last terminal event: not every server sends it in ``response.created``."""

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._in_flight.values()))

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def have_room(self) -> bool:
        """Whether another response may be requested now."""
        if self.known is None:
            # It is better to find out now that the server has no lanes than to let a turn wait for a warm-up,
            # or for a new connection because the turn before was interrupted before its first event.
            return all(response.warm_up or response.abandoned for response in self._in_flight.values())
        if self.known is False:
            return not self._in_flight
        free = len(self._names) < MOST_LANES or bool(self._free())
        return free and len(self._in_flight) < _MOST_IN_FLIGHT

    def pick(self, keep: str | None, remembered: Collection[str | None]) -> str | None:
        """Return a lane for the next request: the free one whose loss costs least, if possible neither
        ``keep`` nor that of the response which ended last.

        ``keep``: the lane that the request continues from. ``remembered``: lanes with a response that may
        still be continued from, the most useful last.
        """
        if self.known is False:
            return None
        others = [name for name in self._free() if name != keep]
        spare = [name for name in others if name != self._latest]
        if free := spare or (others if len(self._names) >= MOST_LANES else []):
            order = list(remembered)
            return min(free, key=lambda name: order.index(name) if name in order else -1)
        if len(self._names) >= MOST_LANES:
            return keep
        self._names.append(f"lane-{len(self._names) + 1}")
        return self._names[-1]

    def _free(self) -> list[str]:
        return [
            name for name in self._names if name not in self._in_flight and name not in self._used_for_warm_up
        ]

    def add(self, response: R) -> None:
        """Add a response that was requested."""
        if response.warm_up:
            self._used_for_warm_up.add(response.lane)
        self._in_flight[response.lane] = response

    def begin(self, response: R, response_id: str | None) -> None:
        """Note that ``response.created`` came; that of an ended response, come again, leaves the id."""
        response.began = True
        if response.id is None or response_id not in self._ended:
            response.id = response_id

    def ended_before(self, response: R, response_id: str | None) -> bool:
        """Whether a terminal event on the lane of a response is that of an earlier one, come late or again.
        A server that gives every response the same id is believed.
        """
        if not response.began:
            return response_id is not None and (response_id == self._last_end or response_id in self._ended)
        return response_id in self._ended and response.id not in (None, response_id)

    def remove(self, response: R, end: str | None) -> None:
        """Remove a response whose last event has come. ``end``: the id in it."""
        self._last_end = end or self._last_end
        if response.id is not None:
            self._ended.append(response.id)
        if self._in_flight.get(response.lane) is response:
            del self._in_flight[response.lane]
            self._latest = response.lane

    def clear(self) -> None:
        """Remove all responses: the connection is gone."""
        self._in_flight.clear()

    def owner(self, lane: str | None, kind: object) -> R | None:
        """Return the response that an event belongs to: that of its lane; without a lane, the only one."""
        found = self._in_flight.get(lane)
        if found is not None or lane is not None:
            return found
        candidates = list(self._in_flight.values())
        if kind == "error":
            # A failed response stays in the table, because an end may follow, but gets no second error.
            candidates = [response for response in candidates if not (response.abandoned and response.failed)]
        return candidates[0] if len(candidates) == 1 and not candidates[0].abandoned else None

    def shows_no_lanes(self, kind: object) -> bool:
        """Whether an event without a lane and an owner shows that the server has no lanes."""
        if self.known is not None or kind not in ("response.created", "error"):
            return False
        alone = len(self._in_flight) == 1 and self.all_abandoned
        return len(self._in_flight) > 1 or (alone and kind == "response.created")

    @property
    def all_abandoned(self) -> bool:
        """Whether no turn waits for any of the responses."""
        return all(response.abandoned for response in self._in_flight.values())
