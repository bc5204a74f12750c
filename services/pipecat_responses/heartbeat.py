"""Detecting a dead peer: when to ping it, and when to give it up.

Pure: ``PeerState`` takes clock readings and returns the next step. A silent peer is pinged now and then, and
at once when a request goes out or the user interrupts, so that a dead connection costs the turn one second
instead of many.
"""

from dataclasses import dataclass
from enum import Enum, auto

__all__ = ["Ask", "Heartbeat", "PeerState"]

# Less than a millisecond is rounding: waiting for it might end before the clock has moved at all.
_ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How a dead peer is detected; all times in seconds.

    Parameters:
        idle: Silence after which an idle connection is pinged.
        busy: Silence after which it is pinged while a response is pending.
        answer: Limit for the answer to a ping.
        prompt: Limit for the answer to a ping that was sent together with a request. It is shorter, because
            nothing of the response has come yet and trying again costs only the request.
        doubt: Time without an answer after which another connection is opened in addition.
        send: Limit for sending one message to a peer that does not read; None for no limit.
        close: Limit for the closing handshake.
    """

    idle: float = 2.0
    busy: float = 0.6
    answer: float = 2.0
    prompt: float = 1.0
    doubt: float = 0.3
    send: float | None = 5.0
    close: float = 2.0


class Ask(Enum):
    """What to do about a peer."""

    PING = auto()
    """Send a ping."""
    DOUBT = auto()
    """The answer is late: open another connection in addition."""
    GIVE_UP = auto()
    """The peer is dead: drop the connection."""


class PeerState:
    """Whether one peer answers: an unanswered ping, and since when."""

    def __init__(self, heartbeat: Heartbeat, now: float) -> None:
        self._limits = heartbeat
        self.last_heard = now
        """When anything last arrived; set by the reader of the connection."""
        self.in_doubt = False
        """Whether the answer to a ping is late."""
        self._asked_at: float | None = None
        self._dead_at = 0.0
        self._urgent = False

    def ask_now(self) -> None:
        """Ping at the next step without waiting for silence, because a turn depends on the peer now."""
        self._urgent = True

    def answered(self, now: float) -> None:
        """Note that the ping was answered."""
        self.last_heard = now
        self._asked_at = None
        self.in_doubt = False

    def next(self, now: float, *, busy: bool) -> Ask | float:
        """Return the next step, or the seconds until one is due. ``busy``: whether a response is pending."""
        if self._asked_at is not None and self.last_heard > self._asked_at:
            self.answered(self.last_heard)
        if self._asked_at is None:
            return self._not_asked(now, busy)
        if self._urgent:
            self._urgent = False
            self._dead_at = min(self._dead_at, now + self._limits.prompt)
        if now >= self._dead_at - _ROUNDING:
            return Ask.GIVE_UP
        doubt_at = self._asked_at + self._limits.doubt
        if not self.in_doubt and now >= doubt_at - _ROUNDING:
            self.in_doubt = True
            return Ask.DOUBT
        return (self._dead_at if self.in_doubt else min(doubt_at, self._dead_at)) - now

    def _not_asked(self, now: float, busy: bool) -> Ask | float:
        due = self.last_heard + (self._limits.busy if busy else self._limits.idle)
        if not self._urgent and now < due - _ROUNDING:
            return due - now
        patience = self._limits.prompt if self._urgent else self._limits.answer
        self._urgent = False
        self._asked_at, self._dead_at = now, now + patience
        return Ask.PING
