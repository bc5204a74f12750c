"""Faults of a voice, after a number of words of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

Category = Literal[
    "unknown",
    "authentication",
    "authorization",
    "invalid_request",
    "rate_limit",
    "quota",
    "connectivity",
    "server",
]
"""Why a voice fails, as in Pipecat's `ErrorCategory`. Authentication, authorization and an invalid request
are permanent: the service becomes unusable, and a failover switches to another.
"""


@dataclass(frozen=True, slots=True)
class VoiceFault:
    """A fault of a voice. Make one with `stall`, `fail` or `disconnect`; each happens once."""

    kind: Literal["stall", "fail", "disconnect"]
    after: int
    """How many words of the answer were sent before the fault."""
    answer: int | None
    """The number of the answer, from 1, among those that this voice speaks. None: the first that is long
    enough.
    """
    seconds: float = 0.0
    """The length of a stall, or the time until there is a new connection, in seconds."""
    category: Category = "server"
    """Why the voice fails."""

    def __post_init__(self) -> None:
        if self.after < 0:
            raise ValueError(f"after={self.after!r}: expected a number of words, 0 or more")
        if self.answer is not None and self.answer < 1:
            raise ValueError(f"answer={self.answer!r}: expected the number of an answer, from 1")
        if not self.seconds >= 0:
            raise ValueError(f"{self.seconds!r} seconds: expected 0 or more")

    @classmethod
    def stall(cls, after: int, seconds: float, answer: int | None = None) -> Self:
        """Send no sound for some seconds, and then continue.

        A voice sends sound faster than it plays, so the gap for the caller is shorter.

        Args:
            after: How many words of the answer are sent before.
            seconds: How long there is no sound.
            answer: The number of the answer, from 1, among those that this voice speaks. None:
                the first that is long enough.
        """
        return cls("stall", after, answer, seconds)

    @classmethod
    def fail(cls, after: int = 0, category: Category = "server", answer: int | None = None) -> Self:
        """Report an error, and drop the rest of this sentence.

        Args:
            after: How many words of the answer are sent before.
            category: Why the voice fails, as in Pipecat's `ErrorCategory`.
            answer: The number of the answer, from 1, among those that this voice speaks. None:
                the first that is long enough.
        """
        return cls("fail", after, answer, category=category)

    @classmethod
    def disconnect(cls, after: int, reconnect: float = 0.5, answer: int | None = None) -> Self:
        """Lose the connection: the rest of the sentence is lost, and the next waits for a new connection.

        Args:
            after: How many words of the answer are sent before.
            reconnect: Seconds until there is a new connection.
            answer: The number of the answer, from 1, among those that this voice speaks. None:
                the first that is long enough.
        """
        return cls("disconnect", after, answer, reconnect, "connectivity")
