"""Under what conditions scenarios are played and judged: the model's pace, the caller's patience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ninelives.complaint import Complaint
from ninelives.lab.budgets import USUAL_BUDGETS, Budgets, seconds_of_silence

if TYPE_CHECKING:
    from mock_openai.turn.pacing import Pace


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a user asks of every run. The defaults leave each scenario as it is."""

    pace: Pace | None = None
    """When the model's events leave, instead of the scenario's own pace."""
    budgets: Budgets = USUAL_BUDGETS
    """How long the caller may be left in silence."""
    voice: bool | None = None
    """Whether the bot is called with a voice. None: as suits the bot, which `play_first` finds out; where
    nobody has, it is played as text.
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
    """Read conditions as users write them; empty text is none. Raises Complaint.

    `spelled` turns the name of an argument into what messages call it. The path of a pace file starts at
    `base`, by default the working directory.
    """
    from mock_openai.turn.pacing import parse_pace

    try:
        found = parse_pace(pace, base) if pace else None
    except ValueError as error:
        raise Complaint(f"{spelled('pace')}: {error}") from None
    return Conditions(
        found,
        Budgets(
            seconds_of_silence(max_first_word, spelled("max_first_word")),
            seconds_of_silence(max_dead_air, spelled("max_dead_air")),
        ),
        voice,
    )


def as_option(name: str) -> str:
    """An argument's name as the command line has it."""
    return f"--{name.replace('_', '-')}"


def as_setting(name: str) -> str:
    """An argument's name as pytest's settings have it."""
    return f"ninelives_{name}"
