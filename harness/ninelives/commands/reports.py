"""The reports that `verdict`, `explore` and `eval` write: `--html`, `--json`, `--junit` and `--github`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ninelives.commands.files import (
    append_text,
    deferred,
    raise_first,
    require_appendable,
    require_places,
    write_text,
)
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.lab.exploration import Exploration
    from ninelives.lab.exploration.calls import Calls, Worst
    from ninelives.lab.run import Outcome
    from ninelives.report.checked import Checked
    from ninelives.report.timeline import Chapter

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable with the file that GitHub shows as the summary of a step."""


def write_each(*writes: Callable[[], None]) -> None:
    """Write every report, even if one of them cannot be written; then raise the first UsageError."""
    errors: list[UsageError] = []
    for write in writes:
        with deferred(errors):
            write()
    raise_first(errors)


SHOWN_CALLS = 5
"""The most calls that are listed for one promise."""


@dataclass(frozen=True, slots=True)
class Reports:
    """The requested files and lines. Writing raises UsageError if a file cannot be written."""

    junit: Path | None = None
    github: bool = False
    html: Path | None = None
    json: Path | None = None

    def require_places(self) -> None:
        """Raise UsageError if a file could not be written now: before the long work that it is about."""
        require_places(self.junit, self.html, self.json)
        if self.github and (path := os.environ.get(SUMMARY)):
            with _naming_summary(path):
                require_appendable(Path(path))

    def page(
        self, console: Console, chapters: Callable[[], Sequence[Chapter]], title: str, note: str = ""
    ) -> None:
        """Write the timeline page, and print where it is."""
        if self.html is not None:
            from ninelives.report.html import page

            write_text(self.html, page(chapters(), title, note))
            console.print(f"timelines: {self.html}")

    def findings(self, console: Console, found: Callable[[], Any]) -> None:
        """Write the findings as JSON, and print where they are."""
        if self.json is not None:
            from mock_openai.journal import redact

            write_text(self.json, redact.text(json.dumps(found(), indent=1)) + "\n")
            console.print(f"findings: {self.json}")

    def write(self, checked: Sequence[Checked], title: str) -> None:
        """Write the reports for continuous integration."""
        if self.junit is not None:
            from ninelives.report.junit import junit

            write_text(self.junit, junit(checked, title))
        if self.github:
            from ninelives.report.github import commands, summary

            for line in commands(checked):
                print(line)
            sys.stdout.flush()
            if path := os.environ.get(SUMMARY):
                with _naming_summary(path):
                    append_text(Path(path), summary(checked, title))


@contextmanager
def _naming_summary(path: str) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{SUMMARY}={path}: {error}, or unset it") from None


def of_outcome(bot: str, outcome: Outcome) -> Checked:
    """Return a scenario of the laboratory for the reports."""
    from ninelives.report.checked import Checked

    problems = [f"crashed: {outcome.crash}"] if outcome.crash else []
    problems += [f"{each.promise}: {each.why}" for each in outcome.broken]
    problems += [f"the bot's own code: {each}" for each in outcome.mishaps] if problems else []
    turns = outcome.episode.turns
    return Checked(
        suite=bot,
        group=outcome.scenario.chapter or "scenario files",
        name=outcome.scenario.name,
        seconds=max((turn.ended or turn.began for turn in turns), default=0.0),
        problems=problems if outcome.applies else (),
        crashed=outcome.crash is not None,
        skipped=None if outcome.applies else "not possible on this transport",
        file=file_of(bot),
        talk="\n".join(f"{turn.user} → {heard}" for turn, heard in zip(turns, outcome.heard, strict=True)),
    )


def of_exploration(bot: str, result: Exploration, kept: Sequence[Path]) -> list[Checked]:
    """Return the result of an exploration for the reports: a case for each breach, and one for all other
    scenarios.

    `kept` has the files of the breaches' scenarios, in their order.
    """
    from ninelives.report.checked import Checked

    whole = len(result.trials) - len(result.broken)
    found = [Checked(bot, "explore", f"{whole} of {len(result.trials)} random scenarios", file=file_of(bot))]
    for breach, path in zip(result.breaches, kept, strict=True):
        found.append(
            Checked(
                suite=bot,
                group="explore",
                name=f"{' '.join(breach.promises)} {breach.spec.name}",
                problems=[f"{promise}: {why}" for promise, why in breach.broken],
                file=str(path),
                talk=breach.evidence,
            )
        )
    for (promise, shape), runs in result.unshrunk.items():
        found.append(Checked(bot, "explore", f"{promise} run {runs[0]}", problems=[f"{promise}: {shape}"]))
    return found


def of_calls(bot: str, calls: Calls, worst: Worst, kept: Path) -> list[Checked]:
    """Return the result of many calls for the reports: a case for each broken promise, and one for the rest.

    `kept` is the file of the worst call's scenario.
    """
    from ninelives.lab.failure_text import as_text
    from ninelives.report.checked import Checked

    many = len(calls.all)
    whole = f"{many - len(calls.broken)} of {many} calls"
    found = [Checked(bot, "calls", whole, file=file_of(bot), talk=str(calls.figures))]
    broken: dict[str, list[str]] = {}
    for call in calls.broken:
        for promise, why in call.broken:
            broken.setdefault(promise, []).append(f"{promise}: call {call.number}: {why}")
    for promise, problems in sorted(broken.items()):
        name = f"{promise} in {len(problems)} of {many} calls"
        shown = problems[:SHOWN_CALLS]
        found.append(Checked(bot, "calls", name, problems=shown, file=str(kept), talk=as_text(worst.outcome)))
    return found


def file_of(bot: str) -> str | None:
    """Return the file of a bot, if its name tells."""
    where = bot.rpartition(":")[0] or bot
    for path in (Path(where), Path(where) / "bot.py", Path(where.replace(".", "/")).with_suffix(".py")):
        if path.is_file():
            return str(path)
    return None
