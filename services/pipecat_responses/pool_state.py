"""The decisions of a connection pool: which connection a turn gets, when to open one, when to retire one.

Pure: ``PoolState`` holds the state of the connections and of the attempts to open one, takes a clock reading,
and returns the next step. It never gives up; after failures it waits longer, except when a turn has just
begun to wait.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from .errors import Failure
from .timeouts import backoff

__all__ = ["Dial", "PoolSettings", "PoolState", "Wait"]

# A connection that lasted this many seconds was accepted by the server.
_LONG_ENOUGH = 2.0

# This much of a longer wait that a server asks for (Retry-After) is honored: another server may answer then.
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """When connections are opened and replaced.

    Parameters:
        rotate_after: Age in seconds at which a connection is replaced; the API ends it at 3600.
        backoff_least: Pause in seconds before the second attempt; it doubles from there.
        backoff_most: Longest pause.
        ahead: Whether to open connections before a turn needs them.
        connect: Limit in seconds for one attempt.
        hedge: Seconds without an answer after which a second attempt is made in parallel; the first that
            succeeds is used.
        most_dials: How many attempts may run in parallel.
    """

    rotate_after: float = 3300.0
    backoff_least: float = 0.25
    backoff_most: float = 8.0
    ahead: bool = True
    connect: float = 4.0
    hedge: float = 0.3
    most_dials: int = 3


class _Connection(Protocol):
    """Interface: a connection as ``PoolState`` sees it."""

    @property
    def is_open(self) -> bool: ...
    @property
    def has_room(self) -> bool: ...
    @property
    def in_doubt(self) -> bool: ...

    opened_at: float
    retired: bool
    proven: bool
    failure: Failure | None

    def retire(self) -> None: ...


C = TypeVar("C", bound=_Connection)


@dataclass(frozen=True, slots=True)
class Dial:
    """Open a connection after a pause in seconds, or as soon as a turn begins to wait, but not sooner than
    the server asked for.
    """

    pause: float = 0.0
    least: float = 0.0
    """The seconds that the server asked for (Retry-After); not even a turn may shorten them."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait this many seconds (None: without limit) or until something changes."""

    seconds: float | None = None


@dataclass(slots=True)
class PoolState(Generic[C]):
    """The connections of one service and the attempts to open them."""

    settings: PoolSettings
    rng: random.Random
    lanes: bool | None
    """Whether the server supports lanes; None while unknown."""
    connections: list[C] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    """Failed attempts since a connection last worked, by kind. Losses after an outage are of another kind
    than the outage itself, so the pauses start again from the shortest.
    """
    last_failure: Failure | None = None
    not_before: float = float("-inf")
    """The time until which the server that refused a connection asked to wait (Retry-After)."""
    was_open: bool = False
    trouble_told: bool = False

    # -- for turns ---------------------------------------------------------------------------------

    def best(self, now: float) -> C | None:
        """Return the connection for a request: responsive before unresponsive, young before old."""
        with_room = [connection for connection in self.connections if connection.has_room]
        return min(
            with_room,
            key=lambda connection: (connection.in_doubt, not self._is_young(connection, now)),
            default=None,
        )

    # -- what happened -----------------------------------------------------------------------------

    def opened(self, connection: C) -> None:
        """Add a connection that was opened."""
        self.connections.append(connection)
        self.last_failure, self.trouble_told, self.was_open = None, False, True
        self.not_before = float("-inf")

    def refused(self, failure: Failure, now: float) -> None:
        """Note when the server that refused an attempt may be asked again."""
        if failure.retry_after is not None:
            self.not_before = max(self.not_before, now + min(failure.retry_after, _LONGEST_WAIT))

    def failed(self, failure: Failure) -> bool:
        """Note that no attempt succeeded; return whether this loss has not been reported yet."""
        self._count(failure)
        news, self.trouble_told = not self.trouble_told, True
        return news

    def turn_began_to_wait(self) -> None:
        """Start again with short pauses, because a turn began to wait."""
        self.failures.clear()

    def _count(self, failure: Failure) -> None:
        self.failures[failure.kind] += 1
        self.last_failure = failure

    # -- what to do --------------------------------------------------------------------------------

    def next(self, now: float, *, waiting: bool, leave: Callable[[C], None]) -> Dial | Wait:
        """Return the next step. ``waiting``: whether a turn waits; ``leave`` gets each closed connection."""
        self._remove_closed(now, leave)
        if self._missing(now, waiting) > 0:
            return Dial(self._pause(), max(0.0, self.not_before - now))
        ages = [
            now - connection.opened_at for connection in self.connections if self._is_young(connection, now)
        ]
        return Wait(max(0.001, self.settings.rotate_after - max(ages)) if ages else None)

    def _remove_closed(self, now: float, leave: Callable[[C], None]) -> None:
        """Remove closed connections, and retire those that are not needed any more."""
        for connection in [connection for connection in self.connections if not connection.is_open]:
            self.connections.remove(connection)
            leave(connection)
            if connection.proven or now - connection.opened_at > _LONG_ENOUGH:
                self.failures.clear()
            elif connection.failure is not None:
                # Accepted and closed at once counts as a failed attempt, or we would reconnect without pause.
                self._count(connection.failure)
        good = [
            connection
            for connection in self.connections
            if connection.has_room and not connection.in_doubt and self._is_young(connection, now)
        ]
        for connection in self.connections if good else ():
            if not self._is_young(connection, now):
                connection.retire()
        # A second connection was opened because the first was late, and then the first answered after all.
        if self.lanes:
            for connection in good[1:]:
                connection.retire()

    def _pause(self) -> float:
        """Return the pause before the next attempt: none after the first loss, which is mended at once."""
        failure, settings = self.last_failure, self.settings
        if failure is None:
            return 0.0
        attempt = self.failures[failure.kind] - (failure.kind == "loss")
        return backoff(attempt, self.rng, least=settings.backoff_least, most=settings.backoff_most)

    def _missing(self, now: float, waiting: bool) -> int:
        """Return how many connections should be opened now."""
        if not self.settings.ahead and self.was_open:
            return 1 if waiting and self.best(now) is None else 0
        # A server without lanes loses a connection with every interruption: a spare stands ready.
        wanted = 2 if self.lanes is False else 1
        return wanted - sum(self._counts(connection, now, waiting) for connection in self.connections)

    def _counts(self, connection: C, now: float, waiting: bool) -> bool:
        if (
            not connection.is_open
            or connection.retired
            or connection.in_doubt
            or not self._is_young(connection, now)
        ):
            return False
        return connection.has_room or self.lanes is False or (self.lanes is None and not waiting)

    def _is_young(self, connection: C, now: float) -> bool:
        return now - connection.opened_at < self.settings.rotate_after
