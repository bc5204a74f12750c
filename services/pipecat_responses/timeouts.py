"""Time limits, and the pauses before another attempt.

Pure: no clock is read here. All times are seconds. The defaults are for speech, where a pause of a few
seconds already sounds like a failure; they are longer for models that were asked to think.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .categories import is_passing, is_rate_limit
from .errors import Failure

__all__ = ["Deadlines", "Timeouts", "backoff", "retry_delay"]

_THINKING_EFFORTS_THAT_ANSWER_FAST = {None, "none", "minimal"}
_THINKING_TAKES_TIMES = 3.0
_SILENCE_TAKES_TIMES = 1.5

# With less of the budget left, an attempt would end before an answer can come.
_TOO_LATE = 0.5

# The answer to a tool's result has at least this many seconds, however long the silence before the tool was.
_AT_LEAST = 1.0

# Broken streams are tried again while the turn's budget lasts, but not in an endless tight loop.
_MOST_ATTEMPTS = 8
_MOST_API_RETRIES = 2
_MOST_TIMEOUTS = 2
_LONGEST_RATE_LIMIT_WAIT = 3.0
_AT_ONCE = frozenset(
    {"previous_response_not_found", "websocket_connection_limit_reached", "websocket_stream_limit_reached"}
)

# Fields that only make things faster: if a server refuses them, the request is sent again without.
_CAN_DO_WITHOUT = frozenset({"stream_id", "previous_response_id"})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits for waiting, in seconds.

    With the defaults, the caller hears a word or the bot gets an error within ten seconds of the caller's
    last word, and within thirty if the model was asked to think: all attempts of a turn share one budget,
    ``silence``.

    Parameters:
        connect: One attempt to open a connection, including the handshake.
        recover: Seconds of silence after which a turn is not tried again.
        first_event: From the request to any event; the API's first comes within a second (observed).
        first_output: From the request to the first sign of the model's answer.
        between_events: Silence within an answer that has begun. Within a sentence, thinking does not extend
            it.
        silence: From the caller's last word, or the last word of the answer, to the next word, over all
            attempts, before and after tools. Time is not counted while events show that the model works (for
            an answer that has begun: since its request), or while a tool runs. None: one and a half times
            the longer of ``first_output`` and ``between_events``.
        turn: One attempt at an answer, from request to end.
        delete: Deleting stored responses when the service stops (``delete_on_close``).
    """

    connect: float = 4.0
    recover: float = 8.0
    first_event: float = 4.0
    first_output: float = 6.0
    between_events: float = 6.0
    silence: float | None = None
    turn: float = 120.0
    delete: float = 5.0

    @property
    def longest_silence(self) -> float:
        """``silence``, or its default."""
        return (
            _SILENCE_TAKES_TIMES * max(self.first_output, self.between_events)
            if self.silence is None
            else self.silence
        )

    @property
    def tried_again_until(self) -> float:
        """Seconds of silence after which no further attempt is begun."""
        return min(self.recover, self.longest_silence - _TOO_LATE)

    def carried(self, silence: float) -> float:
        """Return how many seconds of the silence before a tool count after it."""
        return max(0.0, min(silence, self.longest_silence - _AT_LEAST))

    def for_body(self, body: Mapping[str, Any]) -> "Timeouts":
        """Return the limits for one request; they are longer if the model was asked to think."""
        reasoning = body.get("reasoning")
        effort = reasoning.get("effort") if isinstance(reasoning, Mapping) else None
        if effort in _THINKING_EFFORTS_THAT_ANSWER_FAST:
            return self
        return replace(
            self,
            recover=self.recover * _THINKING_TAKES_TIMES,
            first_output=self.first_output * _THINKING_TAKES_TIMES,
            between_events=self.between_events * _THINKING_TAKES_TIMES,
            silence=self.longest_silence * _THINKING_TAKES_TIMES,
            turn=self.turn * _THINKING_TAKES_TIMES,
        )


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When one attempt at an answer is given up, on the clock that ``asked_at`` was read from."""

    event_by: float
    """Deadline for any event."""
    output_by: float
    """Deadline for the first sign of the answer."""
    end_by: float
    """Deadline for the end."""

    @classmethod
    def of(
        cls, limits: Timeouts, *, asked_at: float, silent_since: float, retry_after: float | None = None
    ) -> "Deadlines":
        """Return the deadlines of a request that was sent at ``asked_at``.

        ``silent_since``: when the caller last heard a word. ``retry_after`` replaces the limits until the
        first output, including the turn's budget; it may be infinite.
        """
        end_by = asked_at + limits.turn
        if retry_after is not None:
            by = min(asked_at + retry_after, end_by)
            return cls(by if retry_after == math.inf else min(by, asked_at + limits.first_event), by, end_by)
        output_by = min(asked_at + limits.first_output, silent_since + limits.longest_silence)
        return cls(min(asked_at + limits.first_event, output_by), output_by, end_by)


def backoff(attempt: int, rng: random.Random, *, least: float = 0.25, most: float = 8.0) -> float:
    """Return the pause before an attempt: none before number 0, then doubling with jitter."""
    if attempt <= 0:
        return 0.0
    return min(most, least * 2.0 ** min(attempt - 1, 16)) * rng.uniform(0.75, 1.0)


def retry_delay(
    failure: Failure, *, attempt: int, elapsed: float, recover: float, rng: random.Random
) -> float | None:
    """Return the pause before the turn is tried again; None if it must fail now.

    ``attempt``: the number of failures of this kind, including this one. ``elapsed``: the seconds of silence
    so far.
    """
    delay = _wanted_delay(failure, attempt, rng)
    if delay is None or attempt >= _MOST_ATTEMPTS or elapsed > recover:
        return None
    if elapsed + delay <= recover:
        return delay
    # Our own pause gives way to a last attempt; one that the API asked for does not.
    return recover - elapsed if failure.source in ("connection", "stream") and elapsed < recover else None


def _wanted_delay(failure: Failure, attempt: int, rng: random.Random) -> float | None:
    if failure.codes & _AT_ONCE or failure.param in _CAN_DO_WITHOUT:
        return 0.0 if attempt <= 3 else None
    if failure.source in ("connection", "stream"):
        return backoff(attempt - 1, rng)
    if failure.source == "timeout":
        return 0.0 if attempt <= _MOST_TIMEOUTS else None
    if failure.source in ("empty", "call"):
        return 0.0 if attempt == 1 else None
    if is_passing(failure):
        pause = max(backoff(attempt, rng), failure.retry_after or 0.0)
        return pause if attempt <= _MOST_API_RETRIES else None
    if (
        is_rate_limit(failure)
        and failure.retry_after is not None
        and failure.retry_after <= _LONGEST_RATE_LIMIT_WAIT
    ):
        return failure.retry_after if attempt <= _MOST_API_RETRIES else None
    return None
