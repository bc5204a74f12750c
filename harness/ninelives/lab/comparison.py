"""A comparison of several services in the same scenarios, as a page of Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ninelives.lab.defects import DEFECTS, Defect
from ninelives.lab.scenario import CHAPTERS
from ninelives.lab.verdict_summary import Outcomes, cell, summary, title

if TYPE_CHECKING:
    from ninelives.lab.run import Outcome

NOT_SHOWN = "no longer shown"
"""The text for a known defect that its scenario does not show."""

_ELSEWHERE = "–"
_LEGEND = f"""
`✓`: every promise that applies was kept. Otherwise the cell names the promises that were broken, in
brackets if only the wording or the category of an error was wrong. `I10` alone means that only the
latency was too long. The number is the longest dead air in seconds: the longest silence of a turn,
before the first word or inside the answer. `{_ELSEWHERE}`: the scenario is not possible on that transport.
`ninelives verdict SERVICE --scenario NAME` says why a promise was broken; `--html PAGE` shows the timeline.
"""
_VOLATILE = (
    (re.compile(r"'127\.0\.0\.1', \d+"), "'127.0.0.1', PORT"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
)


def page(results: Sequence[Outcomes], services: Sequence[str], command: str, versions: str) -> str:
    """Return the whole page. `services` are factories, `results` has one entry per scenario with an
    outcome for each.
    """
    return "\n".join(
        [
            "# The verdict",
            "",
            f"Made by `{command}` ({versions}).",
            "Everything runs in virtual time, so the same command gives the same page.",
            "",
            *summary(results, services),
            "",
            "## Scenario by scenario",
            "",
            *textwrap.wrap(_LEGEND.strip(), 110, break_on_hyphens=False),
            *(line for chapter in CHAPTERS for line in _chapter(chapter, results, services)),
            *_defects(results, services),
            "",
        ]
    )


def row(outcomes: Outcomes, services: Sequence[str]) -> str:
    """Return the row of one scenario."""
    scenario = next(iter(outcomes.values())).scenario
    cells = [cell(outcomes[each]) if outcomes[each].applies else _ELSEWHERE for each in services]
    return f"| {scenario.name.replace('_', ' ')} | " + " | ".join(cells) + " |"


def evidence(defect: Defect, outcome: Outcome) -> str:
    """Return the row of a known defect: its description, and the evidence from the scenario."""
    air = outcome.figures.dead_air
    shown = [f"{air:.2f} s of dead air"] if air is not None else []
    if defect.promise:
        why = next((each.why for each in outcome.broken if each.promise == defect.promise), NOT_SHOWN)
        shown.insert(0, f"{defect.promise}: {_escaped(_steady(why))}")
    return f"| {defect.number} | {defect.what} | `{defect.scenario}` | {'; '.join(shown)} |"


def _chapter(chapter: str, results: Sequence[Outcomes], services: Sequence[str]) -> Iterator[str]:
    inside = [each for each in results if next(iter(each.values())).scenario.chapter == chapter]
    if not inside:
        return
    yield ""
    yield f"### {chapter[0].upper()}{chapter[1:]}"
    yield ""
    yield "| scenario | " + " | ".join(f"`{title(each)}`" for each in services) + " |"
    yield "|---" * (len(services) + 1) + "|"
    yield from (row(each, services) for each in inside)


def _defects(results: Sequence[Outcomes], services: Sequence[str]) -> Iterator[str]:
    by_title = {title(service): service for service in services}
    by_name = {next(iter(each.values())).scenario.name: each for each in results}
    shown = [
        each for each in DEFECTS if each.unseen or (each.service in by_title and each.scenario in by_name)
    ]
    if not any(each.service in by_title for each in shown):
        return
    yield ""
    yield "## Known defects of Pipecat's own services, and the scenarios that show them"
    yield ""
    yield "| | what | scenario | evidence |"
    yield "|---|---|---|---|"
    for defect in shown:
        if defect.unseen:
            yield f"| {defect.number} | {defect.what} | | no scenario: {defect.unseen} |"
        else:
            yield evidence(defect, by_name[defect.scenario][by_title[defect.service]])


def _steady(text: str) -> str:
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return text


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
