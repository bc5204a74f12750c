"""The limits in seconds for how long a caller may be left in silence: the promise's default, and the user's
own.
"""

from __future__ import annotations

from dataclasses import dataclass

from mock_openai.clock import duration

from ninelives.usage_error import UsageError

DEAD_AIR = 10.0
"""Seconds of silence after which a caller hangs up."""

THINKING = 30.0
"""Seconds of silence after which a caller hangs up, if the model was asked to think."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """A user's own limits. None: the default, which is 10 s, and 30 s if the model was asked to think.

    With the user's own limit, every silence counts. With the default, time does not count while the model's
    events show that it works: a slow model is not the bot's fault.
    """

    first_word: float | None = None
    """From the end of the caller's words to the first sound; by default `dead_air`."""
    dead_air: float | None = None
    """Any silence in a turn."""

    def limit(self, *, first: bool, thinking: bool) -> float:
        """Return the limit of a silence; `first`: of the one before the first sound."""
        own = self.own(first=first)
        if own is not None:
            return own
        return THINKING if thinking else DEAD_AIR

    def own(self, *, first: bool) -> float | None:
        """Return the user's own limit of a silence; None if the default applies."""
        return self.first_word if first and self.first_word is not None else self.dead_air


USUAL_BUDGETS = Budgets()
"""The defaults."""


def seconds_of_silence(given: str | float | None, name: str) -> float | None:
    """Parse a user's limit: `2s`, `500ms`, or a number of seconds. Empty text means none.

    `name` is its name in messages. Raises UsageError.
    """
    if given is None or given == "":
        return None
    try:
        seconds = duration(given) if isinstance(given, str) else float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{name} {given}: expected a duration above zero, such as 2s, 500ms or 1.5")
    return seconds
