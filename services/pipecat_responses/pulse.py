"""Signs of life: when to ask a peer for one, and when to hold it for dead.

Pure: ``Heartbeat`` is told the time and what was heard, and says what to do next. A peer that has nothing to
say is asked now and then; the moment a request goes out, or an answer is abandoned because the user spoke,
it is asked at once, so that a connection that died unnoticed costs the turn a second and not many.
"""

from dataclasses import dataclass
from enum import Enum, auto

__all__ = ["Ask", "Heartbeat", "Pulse"]

# Less than a millisecond is rounding: waiting for it might end before the clock has moved at all.
_ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a silent peer is found out, in seconds.

    Parameters:
        idle: Silence after which an idle connection is asked for a sign of life.
        busy: The same while a response is awaited.
        answer: How long the answer may take.
        prompt: How long the answer may take to the question that goes out together with a request: nothing
            has been heard of the response yet, so that trying again costs nothing but the request.
        doubt: Time without an answer after which another connection is opened, just in case.
        send: How long a message may wait for a peer that does not read.
        close: How long a closing handshake may take.
    """

    idle: float = 5.0
    busy: float = 0.6
    answer: float = 2.0
    prompt: float = 1.0
    doubt: float = 0.3
    send: float | None = 5.0
    close: float = 2.0


class Ask(Enum):
    """What there is to do about a peer, besides waiting."""

    PING = auto()
    """Ask it for a sign of life."""
    DOUBT = auto()
    """It is late with one: do not rely on it alone."""
    GIVE_UP = auto()
    """It is dead."""


class Heartbeat:
    """The state of one peer's signs of life."""

    def __init__(self, pulse: Pulse, now: float) -> None:
        self._pulse = pulse
        self.last_heard = now
        """When anything arrived; set by whoever reads."""
        self.in_doubt = False
        """Whether the peer is late with a sign of life."""
        self._asked_at: float | None = None
        self._dead_at = 0.0
        self._urgent = False

    def ask_now(self) -> None:
        """Somebody depends on the peer from now on: do not wait for silence to ask."""
        self._urgent = True

    def answered(self, now: float) -> None:
        """The peer gave the sign of life it was asked for."""
        self.last_heard = now
        self._asked_at = None
        self.in_doubt = False

    def next(self, now: float, *, busy: bool) -> Ask | float:
        """What to do now, or for how many seconds nothing. ``busy``: whether a response is awaited."""
        if self._asked_at is not None and self.last_heard > self._asked_at:
            self.answered(self.last_heard)
        if self._asked_at is None:
            return self._not_asked(now, busy)
        if self._urgent:
            self._urgent = False
            self._dead_at = min(self._dead_at, now + self._pulse.prompt)
        if now >= self._dead_at - _ROUNDING:
            return Ask.GIVE_UP
        doubt_at = self._asked_at + self._pulse.doubt
        if not self.in_doubt and now >= doubt_at - _ROUNDING:
            self.in_doubt = True
            return Ask.DOUBT
        return (self._dead_at if self.in_doubt else min(doubt_at, self._dead_at)) - now

    def _not_asked(self, now: float, busy: bool) -> Ask | float:
        due = self.last_heard + (self._pulse.busy if busy else self._pulse.idle)
        if not self._urgent and now < due - _ROUNDING:
            return due - now
        patience = self._pulse.prompt if self._urgent else self._pulse.answer
        self._urgent = False
        self._asked_at, self._dead_at = now, now + patience
        return Ask.PING
