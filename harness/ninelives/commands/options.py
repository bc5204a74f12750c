"""Options that several commands for bots share."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Asked:
    """The conditions as the command line has them."""

    pace: str | None = None
    max_first_word: str | None = None
    max_dead_air: str | None = None
    voice: bool | None = None

    @property
    def conditions(self) -> Conditions:
        """The pace, the budgets and the voice. Raises Complaint."""
        from ninelives.lab.conditions import as_option, read_conditions

        return read_conditions(
            pace=self.pace,
            max_first_word=self.max_first_word,
            max_dead_air=self.max_dead_air,
            voice=self.voice,
            spelled=as_option,
        )

    @property
    def words(self) -> list[str]:
        """The options that ask for them."""
        given = {
            "--pace": self.pace,
            "--max-first-word": self.max_first_word,
            "--max-dead-air": self.max_dead_air,
        }
        words = [word for option, value in given.items() if value is not None for word in (option, value)]
        return words if self.voice is None else [*words, "--voice" if self.voice else "--no-voice"]
