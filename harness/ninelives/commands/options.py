"""Options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ninelives.lab.conditions import Conditions

Bot = Annotated[
    str,
    typer.Argument(
        metavar="BOT",
        help="A file (bot.py), a module, or a folder with a bot.py; :NAME selects a function or class.",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--scenario", metavar="GLOB", help="Only scenarios with matching names; may be repeated."),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of all random choices.")]

Html = Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write a timeline page.")]
Json = Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write the findings as JSON.")]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="OUT", help="Write a JUnit report, one test case per check."),
]
GitHub = Annotated[
    bool, typer.Option("--github", help="Print annotations for GitHub Actions, and add to the step summary.")
]

Pace = Annotated[
    str | None,
    typer.Option(
        "--pace",
        metavar="PACE",
        help="How fast the model's events are sent: instant, realistic, fixed:SECONDS, or a file from "
        "`ninelives pace`.",
    ),
]
MaxFirstWord = Annotated[
    str | None,
    typer.Option(
        "--max-first-word",
        metavar="TIME",
        help="Maximum time from the end of the caller's words to the bot's first sound, such as 2s or 500ms.",
    ),
]
MaxDeadAir = Annotated[
    str | None,
    typer.Option(
        "--max-dead-air",
        metavar="TIME",
        help="Maximum silence in a turn, before the first word or inside the answer. [default: 10s, or 30s "
        "if the model thinks]",
    ),
]

Voiced = Annotated[
    bool | None,
    typer.Option(
        "--voice/--no-voice",
        help="Call the bot with a voice, or send it text. [default: a voice if the bot has text-to-speech or "
        "a transport]",
    ),
]

Cassettes = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cassettes, or folders of them.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 picks a free one.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """The conditions as the command line has them."""

    pace: str | None = None
    max_first_word: str | None = None
    max_dead_air: str | None = None
    voice: bool | None = None

    @property
    def conditions(self) -> Conditions:
        """The pace, the budgets and the voice. Raises UsageError."""
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
        """The same conditions as options of a command line."""
        given = {
            "--pace": self.pace,
            "--max-first-word": self.max_first_word,
            "--max-dead-air": self.max_dead_air,
        }
        words = [word for option, value in given.items() if value is not None for word in (option, value)]
        return words if self.voice is None else [*words, "--voice" if self.voice else "--no-voice"]
