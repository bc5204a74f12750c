"""Several services in the same scenarios, side by side, as a page of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ninelives.lab.defects import DEFECTS, Defect
from ninelives.lab.figures import together
from ninelives.lab.invariants import PROMISES
from ninelives.lab.scenario import CHAPTERS

if TYPE_CHECKING:
    from ninelives.lab.episode import Finding
    from ninelives.lab.run import Outcome
    from ninelives.lab.scenario import Scenario

Outcomes = Mapping[str, "Outcome"]
"""The outcomes of one scenario, by service."""

NOT_SHOWN = "not shown any more"
"""What the page says of a known defect that its scenario does not show."""

_HELD, _ELSEWHERE = "✓", "–"
_WORDING = re.compile(
    r"does not say what to do|has no category that helps|breaks off before it says|is too short|is empty"
)
_VOLATILE = (
    (re.compile(r"'127\.0\.0\.1', \d+"), "'127.0.0.1', PORT"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
)


def page(results: Sequence[Outcomes], services: Sequence[str], command: str, versions: str) -> str:
    """The whole page. `services` are factories, `results` one entry a scenario with an outcome for each."""
    titles = [_title(service) for service in services]
    return "\n".join(
        [
            "# The verdict",
            "",
            f"Made by `{command}` ({versions}).",
            "Everything is in virtual time, so the same command gives the same page.",
            "",
            *_summary(results, services, titles),
            "",
            "## What each promise says",
            "",
            *(f"- **{name}** {text}" for name, text in PROMISES.items()),
            "",
            "## Scenario by scenario",
            "",
            f"`{_HELD}` every promise that applies was kept; otherwise those that were broken, in brackets",
            "where only the wording or the category of an error was wanting; `I10` alone is a row whose only",
            "fault is latency. Then the longest dead air in seconds: the longest silence of a turn, before",
            "the first word or inside the answer. "
            f"`{_ELSEWHERE}` the story cannot happen over that transport.",
            "`ninelives verdict` with `--scenario NAME` says why, and `--html` shows the timeline.",
            *(line for chapter in CHAPTERS for line in _chapter(chapter, results, services, titles)),
            *_defects(results, services),
            "",
        ]
    )


def row(outcomes: Outcomes, services: Sequence[str]) -> str:
    """One scenario's line."""
    scenario = next(iter(outcomes.values())).scenario
    cells = [_cell(outcomes[service]) for service in services]
    return f"| {_name(scenario)} | " + " | ".join(cells) + " |"


def evidence(defect: Defect, outcome: Outcome) -> str:
    """The line of a known defect: what it is, and what the scenario showed."""
    air = outcome.figures.dead_air
    shown = [f"{air:.2f} s of dead air"] if air is not None else []
    if defect.promise:
        why = next((each.why for each in outcome.broken if each.promise == defect.promise), NOT_SHOWN)
        shown.insert(0, f"{defect.promise}: {_escaped(_steady(why))}")
    return f"| {defect.number} | {defect.what} | `{defect.scenario}` | {'; '.join(shown)} |"


def _title(service: str) -> str:
    return service.rpartition(":")[2]


def _name(scenario: Scenario) -> str:
    return scenario.name.replace("_", " ")


def _cell(outcome: Outcome) -> str:
    if not outcome.told:
        return _ELSEWHERE
    if outcome.crash:
        return "crashed"
    air = outcome.figures.dead_air
    waited = f" {air:.2f}" if air is not None else ""
    if outcome.held:
        return _HELD + waited
    return (
        " ".join(f"({each.promise})" if _by_wording(each) else each.promise for each in outcome.broken)
        + waited
    )


def _by_wording(found: Finding) -> bool:
    # Other promises quote what was heard, and that may say anything.
    return found.promise == "I9" and all(_WORDING.search(reason) for reason in found.why.split("; turn "))


def _summary(results: Sequence[Outcomes], services: Sequence[str], titles: Sequence[str]) -> Iterator[str]:
    yield (
        "| service | scenarios | all kept | broken | of these by wording alone | by latency alone "
        "| first word p50 | p95 | longest dead air |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for service, title in zip(services, titles, strict=True):
        tried = [each[service] for each in results if each[service].told]
        broken = [each for each in tried if not each.held]
        words = [
            each for each in broken if not each.crash and all(_by_wording(found) for found in each.broken)
        ]
        late = sum(each.only_late for each in broken)
        kept = len(tried) - len(broken)
        seen = together(each.figures for each in tried)
        waits = (seen.first_word(50), seen.first_word(95), seen.dead_air)
        shown = " | ".join(f"{wait or 0.0:.2f} s" for wait in waits)
        counts = f"{len(tried)} | {kept} | {len(broken)} | {len(words)} | {late}"
        yield f"| `{title}` | {counts} | {shown} |"


def _chapter(
    chapter: str, results: Sequence[Outcomes], services: Sequence[str], titles: Sequence[str]
) -> Iterator[str]:
    inside = [each for each in results if next(iter(each.values())).scenario.chapter == chapter]
    if not inside:
        return
    yield ""
    yield f"### {chapter[0].upper()}{chapter[1:]}"
    yield ""
    yield "| scenario | " + " | ".join(f"`{title}`" for title in titles) + " |"
    yield "|---" * (len(titles) + 1) + "|"
    yield from (row(each, services) for each in inside)


def _defects(results: Sequence[Outcomes], services: Sequence[str]) -> Iterator[str]:
    by_title = {_title(service): service for service in services}
    by_name = {next(iter(each.values())).scenario.name: each for each in results}
    shown = [
        each for each in DEFECTS if each.unseen or (each.service in by_title and each.scenario in by_name)
    ]
    if not any(each.service in by_title for each in shown):
        return
    yield ""
    yield "## Known defects of Pipecat's own services, and what shows them"
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
