"""Options that several commands for bots share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ninelives.lab.conditions import Conditions

Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="OUT", help="Write a JUnit report, a test case for each check."),
]
GitHub = Annotated[
    bool, typer.Option("--github", help="Print annotations for GitHub Actions, and add to the step summary.")
]

Pace = Annotated[
    str | None,
    typer.Option(
        "--pace",
        metavar="PACE",
        help="When the model's events leave: a file that `ninelives pace` made, realistic, instant or "
        "fixed:SECONDS.",
    ),
]
MaxFirstWord = Annotated[
    str | None,
    typer.Option(
        "--max-first-word",
        metavar="TIME",
        help="Longest time from the end of the caller's words to the first sound: 2s, 500ms.",
    ),
]
MaxDeadAir = Annotated[
    str | None,
    typer.Option(
        "--max-dead-air",
        metavar="TIME",
        help="Longest silence in a turn, before the first word or inside the answer; 10s if not given, 30s "
        "where the model thinks.",
    ),
]

Voiced = Annotated[
    bool | None,
    typer.Option(
        "--voice/--no-voice",
        help="Call the bot with a voice, on a line, or play text. If not given, a bot with text to speech or "
        "a transport is called with a voice.",
    ),
]


def conditions_of(
    pace: str | None, max_first_word: str | None, max_dead_air: str | None, voice: bool | None
) -> Conditions:
    """Return the conditions that these options ask for. Raises Complaint."""
    from ninelives.lab.conditions import as_option, read_conditions

    return read_conditions(
        pace=pace, max_first_word=max_first_word, max_dead_air=max_dead_air, voice=voice, spelled=as_option
    )
