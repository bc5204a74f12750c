"""The summary of a comparison of services: how many scenarios each one broke, where, and the worst ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ninelives.lab.figures import together
from ninelives.lab.promises import PROMISES
from ninelives.lab.scenario import CHAPTERS

if TYPE_CHECKING:
    from ninelives.lab.episode import Finding
    from ninelives.lab.run import Outcome

Outcomes = Mapping[str, "Outcome"]
"""The outcomes of one scenario, by service."""

WORST = 5
"""Scenarios that are shown as the worst of a service, no two with the same result."""

_WORDING = re.compile(
    r"does not say what to do|has no useful category|breaks off before it says|is too short|is empty"
)


def summary(results: Sequence[Outcomes], services: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the summary. `services` are factories, `results` one entry for each scenario."""
    played = {service: [each[service] for each in results if each[service].applies] for service in services}
    yield from _sentences(played)
    yield ""
    yield from _services(played)
    yield ""
    yield from _chapters(played)
    yield ""
    yield from _promises(played)
    for service, outcomes in played.items():
        if any(not each.held for each in outcomes):
            yield ""
            yield from _worst(service, outcomes)


def title(service: str) -> str:
    """Return the short name of a service."""
    return service.rpartition(":")[2]


def by_wording(found: Finding) -> bool:
    """Return whether a promise was broken only by the wording or the category of an error."""
    # Other promises quote what was heard, which may contain anything.
    return found.promise == "I9" and all(_WORDING.search(reason) for reason in found.why.split("; turn "))


def cell(outcome: Outcome) -> str:
    """Return the result of a scenario: ✓ or the broken promises, and the longest dead air in seconds."""
    if outcome.crash:
        return "crashed"
    broken = [f"({each.promise})" if by_wording(each) else each.promise for each in outcome.broken]
    shown = ["✓"] if outcome.held else broken
    air = outcome.figures.dead_air
    return " ".join(shown if air is None else [*shown, f"{air:.2f}"])


def _sentences(played: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    for service, tried in played.items():
        broken = sum(not each.held for each in tried)
        said = f"broke promises in {broken} of" if broken else "kept every promise in all"
        yield f"- `{title(service)}` {said} {len(tried)} scenarios."


def _services(played: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    yield (
        "| service | scenarios | all kept | broken | of these only by wording | only by latency "
        "| first word p50 | p95 | longest dead air |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for service, tried in played.items():
        broken = [each for each in tried if not each.held]
        words = [each for each in broken if not each.crash and all(map(by_wording, each.broken))]
        late = sum(each.only_late for each in broken)
        kept = len(tried) - len(broken)
        seen = together(each.figures for each in tried)
        waits = (seen.first_word(50), seen.first_word(95), seen.dead_air)
        shown = " | ".join(f"{wait or 0.0:.2f} s" for wait in waits)
        counts = f"{len(tried)} | {kept} | {len(broken)} | {len(words)} | {late}"
        yield f"| `{title(service)}` | {counts} | {shown} |"


def _chapters(played: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    yield "## Broken scenarios by chapter"
    yield ""
    yield _head("chapter", played)
    for chapter in CHAPTERS:
        inside = {s: [each for each in o if each.scenario.chapter == chapter] for s, o in played.items()}
        if any(inside.values()):
            yield _line(_capital(chapter), (_share(outcomes) for outcomes in inside.values()))


def _promises(played: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    yield "## Scenarios that broke each promise"
    yield ""
    yield _head("promise", played)
    for promise, text in PROMISES.items():
        counts = (sum(promise in {found.promise for found in e.broken} for e in o) for o in played.values())
        yield _line(f"**{promise}** {text}", (str(count) if count else "0" for count in counts))


def _worst(service: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    def badness(outcome: Outcome) -> tuple[int, float]:
        promises = len(PROMISES) if outcome.crash else sum(not by_wording(each) for each in outcome.broken)
        return promises, outcome.figures.dead_air or 0.0

    yield f"## The worst of `{title(service)}`"
    yield ""
    yield "| scenario | broken, longest dead air in seconds | what happens |"
    yield "|---|---|---|"
    worst = sorted((each for each in outcomes if not each.held), key=badness, reverse=True)
    unlike = {cell(each): each for each in reversed(worst)}  # of those with the same result, the first
    for each in sorted(unlike.values(), key=worst.index)[:WORST]:
        sentence = each.scenario.sentence.replace("|", "\\|")
        yield f"| {each.scenario.name.replace('_', ' ')} | {cell(each)} | {sentence} |"


def _head(first: str, played: Mapping[str, Sequence[Outcome]]) -> str:
    return (
        _line(first, (f"`{title(service)}`" for service in played)) + "\n" + "|---" * (len(played) + 1) + "|"
    )


def _line(first: str, rest: Iterator[str]) -> str:
    return f"| {first} | {' | '.join(rest)} |"


def _share(outcomes: Sequence[Outcome]) -> str:
    broken = sum(not each.held for each in outcomes)
    return f"{broken} of {len(outcomes)}" if outcomes else "–"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
