"""What can go wrong with a voice, after so many words of an answer."""

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
"""Why a voice fails, as Pipecat's `ErrorCategory` has it. Authentication, authorization and an invalid
request are permanent: the service is unusable from then on, and a failover leaves it.
"""


@dataclass(frozen=True, slots=True)
class VoiceFault:
    """A fault of a voice. Make one by `stall`, `fail` or `disconnect`; each strikes once."""

    kind: Literal["stall", "fail", "disconnect"]
    after: int
    """Words of the answer whose sound has been sent before."""
    answer: int | None
    """The answer, from 1, among those that this voice speaks. None: the first that is long enough."""
    seconds: float = 0.0
    """How long a stall lasts, or until there is a new connection."""
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
        """Send no sound for so many seconds, and then go on.

        A voice sends sound faster than it plays, so what the caller notices is shorter.

        Args:
            after: Words of the answer whose sound has been sent before.
            seconds: How long there is no sound.
            answer: The answer, from 1, among those that this voice speaks. None: the first that is long
                enough.
        """
        return cls("stall", after, answer, seconds)

    @classmethod
    def fail(cls, after: int = 0, category: Category = "server", answer: int | None = None) -> Self:
        """Report an error, and say nothing more of this sentence.

        Args:
            after: Words of the answer whose sound has been sent before.
            category: Why the voice fails, as Pipecat's `ErrorCategory` has it.
            answer: The answer, from 1, among those that this voice speaks. None: the first that is long
                enough.
        """
        return cls("fail", after, answer, category=category)

    @classmethod
    def disconnect(cls, after: int, reconnect: float = 0.5, answer: int | None = None) -> Self:
        """Lose the connection: the rest of the sentence is gone, and the next waits for a new connection.

        Args:
            after: Words of the answer whose sound has been sent before.
            reconnect: Seconds until there is a new connection.
            answer: The answer, from 1, among those that this voice speaks. None: the first that is long
                enough.
        """
        return cls("disconnect", after, answer, reconnect, "connectivity")
