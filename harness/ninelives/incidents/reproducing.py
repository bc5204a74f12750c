"""Plays an incident against a bot: does the same promise break, and what is the shortest scenario for it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from ninelives.incidents.people import NOTHING, Replacements
from ninelives.incidents.reading import Incident
from ninelives.incidents.rebuilding import candidates, fair
from ninelives.lab.exploration.breaches import named
from ninelives.lab.exploration.shrinking import TRIES, Shrinking
from ninelives.lab.exploration.trial import broken_in, keys_of, play, repeatable
from ninelives.lab.failure_text import as_text

if TYPE_CHECKING:
    from ninelives.lab.run import Outcome
    from ninelives.lab.scenario_spec import ScenarioSpec
    from ninelives.lab.services import Factory

SUSPECTS = 80
"""The most scenarios played to find one that shows the breach."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The result of reproducing an incident."""

    incident: Incident
    same: bool
    """Whether the same problem occurred."""
    promise: str
    """The promise that broke, or `error` if none did and the same error was reported."""
    why: str
    spec: ScenarioSpec | None
    """The shortest scenario that shows it; otherwise the most likely one. None: there was nothing to play."""
    turns: int
    """How many turns the incident had."""
    tried: int
    """Scenarios played to find one that shows it, and to shorten that."""
    evidence: str = ""
    others: tuple[str, ...] = ()
    """Promises that broke when the most likely scenario was played, if the same one did not."""
    replacements: Replacements = NOTHING
    """The words that were replaced in all texts."""


def reproduce(
    incident: Incident,
    factory: Factory,
    *,
    tries: int = TRIES,
    replacements: Replacements = NOTHING,
    progress: Callable[[str], None] = lambda what: None,
) -> Reproduction:
    """Play the scenarios that may explain an incident until one shows the same breach, and shorten that one.

    `replacements` are made in all texts before anything is played.
    """
    first: tuple[ScenarioSpec, Outcome] | None = None
    fallback: tuple[ScenarioSpec, Outcome] | None = None
    tried = 0
    for spec in islice(candidates(incident, replacements), SUSPECTS):
        tried += 1
        progress(f"suspect {tried}")
        outcome = play(spec, factory)
        first = first or (spec, outcome)
        if _same(incident, outcome, exactly=True):
            fallback = (spec, outcome)
            break
        if fallback is None and _same(incident, outcome, exactly=False):
            fallback = (spec, outcome)
    turns = len(first[0].asks) if first else 0
    if fallback is None:
        others = tuple(dict.fromkeys(promise for promise, _ in broken_in(first[1]))) if first else ()
        spec_or_none = named(first[0], others or ("none",)) if first else None
        return Reproduction(
            incident, False, "", "", spec_or_none, turns, tried, others=others, replacements=replacements
        )
    spec, outcome = fallback
    still = _condition(incident, outcome)
    search = Shrinking(lambda shorter: still(play(fair(shorter), factory)), tries)
    spec = fair(search.of(spec) or spec)
    outcome = play(spec, factory)
    broken = broken_in(outcome)
    promise, why = _breach_of(incident, outcome)
    names = [promise, *(each for each, _ in broken if each != promise)]
    spec = named(spec, tuple(dict.fromkeys(names)))
    if not broken:
        spec = replace(spec, broke=())
    evidence = repeatable(as_text(replace(outcome, scenario=spec.scenario())))
    return Reproduction(
        incident,
        True,
        promise,
        why,
        spec,
        turns,
        tried + search.tries,
        evidence,
        replacements=replacements,
    )


def _same(incident: Incident, outcome: Outcome, *, exactly: bool) -> bool:
    """Whether a run shows the same problem as the incident; `exactly`: for a reason of the same shape."""
    broken = broken_in(outcome)
    if incident.broken:
        wanted = incident.broken[0]
        if exactly:
            return bool(keys_of([wanted]) & keys_of(broken))
        return wanted[0] in {promise for promise, _ in broken}
    if incident.categories:
        return incident.categories[-1] in _categories(outcome)
    return bool(broken)


def _condition(incident: Incident, shown: Outcome) -> Callable[[Outcome], bool]:
    """Whether a shorter scenario shows the same breach in the same way, and the same error."""
    promise, why = _breach_of(incident, shown)
    keys = keys_of([(promise, why)]) if promise != "error" else frozenset()
    category = incident.categories[-1] if not incident.broken and incident.categories else None

    def still(outcome: Outcome) -> bool:
        if category is not None and category not in _categories(outcome):
            return False
        return not keys or bool(keys & keys_of(broken_in(outcome)))

    return still


def _breach_of(incident: Incident, outcome: Outcome) -> Key:
    """Return the breach of a run: the incident's own, else the first, else the error."""
    broken = broken_in(outcome)
    own = [each for each in broken if incident.broken and each[0] == incident.broken[0][0]]
    if own or broken:
        return (own or list(broken))[0]
    errors = [*(error for turn in outcome.episode.turns for error in turn.errors), *outcome.episode.stray]
    return "error", repeatable(errors[-1].message) if errors else ""


def _categories(outcome: Outcome) -> set[str]:
    errors = [*(error for turn in outcome.episode.turns for error in turn.errors), *outcome.episode.stray]
    return {error.category for error in errors}
