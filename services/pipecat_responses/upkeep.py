"""How a connection is kept ready: which channel a turn gets, when another is opened, which one may go.

Pure: ``Keeping`` holds what is known of the channels and of the attempts to open one, is told the time, and
says what to do next. It never gives up for good; after failures it waits longer, and not at all while a turn
waits for the first time.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from .errors import Failure
from .patience import backoff

__all__ = ["Dial", "Keeping", "Rest", "Upkeep"]

# A channel that lived for so many seconds was not thrown out at the door.
_LONG_ENOUGH = 2.0


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How the connection is kept.

    Parameters:
        rotate_after: Age in seconds at which a channel is replaced by a new one; the API ends them at 3600.
        backoff_least: Pause in seconds before the second attempt; it doubles from there.
        backoff_most: Longest pause.
        ahead: Whether to open channels before a turn needs them.
        connect: Limit in seconds for one attempt.
        hedge: Seconds after which a second attempt is made beside one that has not been answered yet; the
            first to be let in wins.
        most_dials: How many attempts may be under way at the same time.
    """

    rotate_after: float = 3300.0
    backoff_least: float = 0.25
    backoff_most: float = 8.0
    ahead: bool = True
    connect: float = 4.0
    hedge: float = 0.3
    most_dials: int = 3


class _Kept(Protocol):
    """What must be known of a channel."""

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


C = TypeVar("C", bound=_Kept)


@dataclass(frozen=True, slots=True)
class Dial:
    """Open another channel after so many seconds; at once where a turn begins to wait meanwhile."""

    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do for so many seconds, or until something changes."""

    seconds: float | None = None


@dataclass(slots=True)
class Keeping(Generic[C]):
    """The channels of one connection and what has been learned while keeping them."""

    upkeep: Upkeep
    rng: random.Random
    lanes: bool | None
    """Whether the server knows lanes; None while nobody can tell."""
    channels: list[C] = field(default_factory=list)
    failures: int = 0
    """Attempts that failed since all was well."""
    last_failure: Failure | None = None
    was_open: bool = False
    trouble_told: bool = False

    # -- for turns ---------------------------------------------------------------------------------

    def best(self, now: float) -> C | None:
        """The channel to ask on: one that answers before one that is late, a young one before an old one."""
        with_room = [channel for channel in self.channels if channel.has_room]
        return min(
            with_room, key=lambda channel: (channel.in_doubt, not self._is_young(channel, now)), default=None
        )

    # -- what happened -----------------------------------------------------------------------------

    def opened(self, channel: C) -> None:
        """A channel is open."""
        self.channels.append(channel)
        self.last_failure, self.trouble_told, self.was_open = None, False, True

    def failed(self, failure: Failure) -> bool:
        """An attempt failed; return whether this is news to the user."""
        self.failures += 1
        self.last_failure = failure
        news, self.trouble_told = not self.trouble_told, True
        return news

    def somebody_waits(self) -> None:
        """A turn began to wait: begin with short pauses again."""
        self.failures = 0

    # -- what to do --------------------------------------------------------------------------------

    def next(self, now: float, *, waiting: bool, leave: Callable[[C], None]) -> Dial | Rest:
        """What to do now. ``waiting``: whether a turn waits; ``leave`` is told of channels that closed."""
        self._sort_out(now, leave)
        if self._missing(now, waiting) > 0:
            upkeep = self.upkeep
            pause = backoff(self.failures, self.rng, least=upkeep.backoff_least, most=upkeep.backoff_most)
            return Dial(pause)
        ages = [now - channel.opened_at for channel in self.channels if self._is_young(channel, now)]
        return Rest(max(0.001, self.upkeep.rotate_after - max(ages)) if ages else None)

    def _sort_out(self, now: float, leave: Callable[[C], None]) -> None:
        """Forget channels that are closed, and let those go that are not needed any more."""
        for channel in [channel for channel in self.channels if not channel.is_open]:
            self.channels.remove(channel)
            leave(channel)
            if channel.proven or now - channel.opened_at > _LONG_ENOUGH:
                self.failures = 0
            else:
                # Let in and thrown out without a word counts as a failed attempt, or we would knock for ever.
                self.failures += 1
                self.last_failure = channel.failure
        good = [
            channel
            for channel in self.channels
            if channel.has_room and not channel.in_doubt and self._is_young(channel, now)
        ]
        for channel in self.channels if good else ():
            if not self._is_young(channel, now):
                channel.retire()
        # One that was opened beside one in doubt, which then answered after all.
        if self.lanes:
            for channel in good[1:]:
                channel.retire()

    def _missing(self, now: float, waiting: bool) -> int:
        """How many channels should be opened now."""
        if not self.upkeep.ahead and self.was_open:
            return 1 if waiting and self.best(now) is None else 0
        # A server without lanes loses a channel with every interruption: a spare stands ready.
        wanted = 2 if self.lanes is False else 1
        return wanted - sum(self._counts(channel, now, waiting) for channel in self.channels)

    def _counts(self, channel: C, now: float, waiting: bool) -> bool:
        if not channel.is_open or channel.retired or channel.in_doubt or not self._is_young(channel, now):
            return False
        return channel.has_room or self.lanes is False or (self.lanes is None and not waiting)

    def _is_young(self, channel: C, now: float) -> bool:
        return now - channel.opened_at < self.upkeep.rotate_after
