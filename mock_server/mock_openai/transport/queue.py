"""The queue of creates on a WebSocket: decides which may run next, without I/O.

The rules are the guide's: creates of one lane run one after another in their order, lanes run beside each
other, at most 16 run at once, and more are queued without an error.
"""

from __future__ import annotations

from collections import deque

import msgspec

from mock_openai.faults.trigger import Position
from mock_openai.turn.request_cache import ReceivedRequest

MAX_IN_FLIGHT = 16
"""Responses in flight on one connection, over all lanes (documented)."""

MAX_WAITING_BYTES = 32 * 1024 * 1024
"""Bytes of waiting creates beyond which the socket is not read until some were answered. The real bounds are
not known; the guide says that further creates are queued.
"""


class Create(msgspec.Struct, frozen=True):
    """A create that has arrived: its lane, its position, and its cache entry."""

    lane: str | None
    position: Position
    received: ReceivedRequest


class TurnQueue:
    """The creates of one connection that have not been answered."""

    def __init__(self, waiting: int, in_flight: int = MAX_IN_FLIGHT) -> None:
        self._most = waiting
        self._limit = in_flight
        self._waiting: deque[Create] = deque()
        self._bytes = 0
        self._busy: dict[str | None, Create] = {}

    def is_idle(self) -> bool:
        """Return whether nothing runs and nothing waits."""
        return not self._busy and not self._waiting

    @property
    def running(self) -> bool:
        """Whether anything runs."""
        return bool(self._busy)

    def is_full(self) -> bool:
        """Return whether so many creates wait that nothing more should be read."""
        return len(self._waiting) >= self._most or self._bytes >= MAX_WAITING_BYTES

    def push(self, create: Create) -> None:
        """Queue a create."""
        self._waiting.append(create)
        self._bytes += create.received.size

    def start(self) -> list[Create]:
        """Return the creates that may run now, in the order in which they came, and count them as running."""
        ready: list[Create] = []
        held: deque[Create] = deque()
        blocked = set(self._busy)
        while self._waiting and len(self._busy) < self._limit:
            create = self._waiting.popleft()
            # A lane with an earlier create that still waits is blocked too, so order within it holds.
            if create.lane in blocked:
                held.append(create)
                continue
            blocked.add(create.lane)
            self._busy[create.lane] = create
            self._bytes -= create.received.size
            ready.append(create)
        self._waiting.extendleft(reversed(held))
        return ready

    def finish(self, create: Create) -> None:
        """Count a running create as answered. A second time has no effect."""
        if self._busy.get(create.lane) is create:
            del self._busy[create.lane]

    def drain(self) -> list[Create]:
        """Remove and return all waiting creates."""
        waiting = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return waiting
