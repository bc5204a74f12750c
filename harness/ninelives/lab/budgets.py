"""How long a caller may be left in silence, in seconds: the promise, and what a user asks for instead."""

from __future__ import annotations

from dataclasses import dataclass

from mock_openai.clock import duration

from ninelives.complaint import Complaint

DEAD_AIR = 10.0
"""Seconds of silence after which a caller has given the bot up."""

THINKING = 30.0
"""The same where the model was asked to think."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """A user's own limits. None stands for the default: 10 s, and 30 s where thinking was asked for.

    With a limit of the user's, every silence counts. With the default, those seconds do not in which the
    model's own events show that it was at work: a slow model is nothing that a bot has broken.
    """

    first_word: float | None = None
    """From the end of the caller's words to the first sound; `dead_air` holds there if this is None."""
    dead_air: float | None = None
    """Any silence in a turn."""

    def limit(self, *, first: bool, thinking: bool) -> float:
        """The limit of a silence: `first` for the one before the first sound."""
        own = self.own(first=first)
        if own is not None:
            return own
        return THINKING if thinking else DEAD_AIR

    def own(self, *, first: bool) -> float | None:
        """The user's own limit of a silence. None: the default holds."""
        return self.first_word if first and self.first_word is not None else self.dead_air


USUAL_BUDGETS = Budgets()
"""The defaults."""


def seconds_of_silence(given: str | float | None, name: str) -> float | None:
    """Read a limit as users write it: `2s`, `500ms`, or a number of seconds. Empty text is none.

    `name` is what the message calls it. Raises Complaint.
    """
    if given is None or given == "":
        return None
    try:
        seconds = duration(given) if isinstance(given, str) else float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise Complaint(f"{name} {given}: not a duration above zero; write 2s, 500ms or 1.5")
    return seconds
