"""The conditions of scenarios: the model's pace, the caller's patience, the voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ninelives.lab.budgets import USUAL_BUDGETS, Budgets, seconds_of_silence
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from mock_openai.turn.pacing import Pace


@dataclass(frozen=True, slots=True)
class Conditions:
    """A user's conditions for every run. The defaults leave each scenario unchanged."""

    pace: Pace | None = None
    """When the model's events leave, instead of the scenario's own pace."""
    budgets: Budgets = USUAL_BUDGETS
    """How long the caller may be left in silence."""
    voice: bool | None = None
    """Whether the bot is called with a voice. None: as suits the bot, which `play_first` finds out;
    without that, it is played as text.
    """


USUAL = Conditions()
"""Every scenario at its own pace, with the default budgets."""


def read_conditions(
    *,
    pace: str | Pace | None = None,
    max_first_word: str | float | None = None,
    max_dead_air: str | float | None = None,
    voice: bool | None = None,
    spelled: Callable[[str], str] = str,
    base: Path | None = None,
) -> Conditions:
    """Parse conditions from a user; empty text means none. Raises UsageError.

    `spelled` converts the name of an argument to its name in messages. The path of a pace file is relative to
    `base`, by default the working directory.
    """
    from mock_openai.turn.pacing import parse_pace

    try:
        found = parse_pace(pace, base) if pace else None
    except ValueError as error:
        raise UsageError(f"{spelled('pace')}: {error}") from None
    return Conditions(
        found,
        Budgets(
            seconds_of_silence(max_first_word, spelled("max_first_word")),
            seconds_of_silence(max_dead_air, spelled("max_dead_air")),
        ),
        voice,
    )


def as_option(name: str) -> str:
    """Return an argument's name on the command line."""
    return f"--{name.replace('_', '-')}"


def as_setting(name: str) -> str:
    """Return an argument's name in pytest's settings."""
    return f"ninelives_{name}"
