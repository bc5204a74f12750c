"""Groups broken promises into breaches: one for each promise and cause, in however many runs it was seen.

Two runs show the same breach if they broke the same promise for a reason of the same shape, or if the
shortest scenario of one breaks the promise that the other broke.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mock_openai.deprecation import warn_renamed

from ninelives.lab.conditions import USUAL, Conditions
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.exploration.shrinking import TRIES, Shrinking
from ninelives.lab.exploration.trial import (
    Trial,
    broken_in,
    factory_of,
    keys_of,
    play,
    quiet_in_a_worker,
    repeatable,
)
from ninelives.lab.failure_text import as_text
from ninelives.lab.scenario_spec import ScenarioSpec
from ninelives.plural import counted

if TYPE_CHECKING:
    from ninelives.lab.services import Factory

Key = tuple[str, str]
"""A promise, and the shape of the reason why it is broken."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which the service breaks a promise, with the shortest scenario that shows it."""

    key: Key
    broken: tuple[tuple[str, str], ...]
    """The promises that the shortest scenario breaks, each with its reason."""
    spec: ScenarioSpec
    run: int
    """The run in which it was found."""
    size: tuple[int, int, int]
    """How long the scenario of that run was."""
    tries: int
    """Scenarios played to shorten it."""
    repeats: bool
    """False if it did not break when played again, so that it depends on more than the seed."""
    late: bool
    """Whether shrinking ran out of real seconds, not of tries: a faster machine may find a shorter scenario.
    """
    evidence: str
    """The words that were said and heard, turn by turn."""
    runs: tuple[int, ...] = ()
    """All runs that broke this promise in this way."""

    @property
    def story(self) -> ScenarioSpec:
        """The deprecated name of `spec`."""
        warn_renamed("Breach.story", "Breach.spec", gone="0.3")
        return self.spec

    @property
    def promises(self) -> list[str]:
        """The promises that the shortest scenario breaks."""
        return list(dict.fromkeys(promise for promise, _ in self.broken))

    @property
    def keys(self) -> frozenset[Key]:
        """The keys of all breaches that the shortest scenario shows."""
        return keys_of(self.broken) | {self.key}


def grouped(seed: int, trials: Iterable[Trial]) -> dict[Key, list[int]]:
    """Group the runs by the promises that they broke; in each group the shortest scenario comes first, then
    the earliest run.
    """
    groups: dict[Key, list[int]] = {}
    for trial in trials:
        for key in trial.keys:
            groups.setdefault(key, []).append(trial.run)
    for runs in groups.values():
        runs.sort(key=lambda run: (draw_scenario(seed, run).size, run))
    return dict(sorted(groups.items()))


def shortest(
    subject: str | Factory, seed: int, run: int, key: Key, tries: int = TRIES, conditions: Conditions = USUAL
) -> Breach:
    """Return the breach of one run, with the shortest scenario for it. This runs in a worker."""
    quiet_in_a_worker()
    factory = factory_of(subject)
    drawn = draw_scenario(seed, run)
    search = Shrinking(lambda spec: key in keys_of(broken_in(play(spec, factory, conditions))), tries)
    found = search.of(drawn) if tries else drawn
    spec = found or drawn
    outcome = play(spec, factory, conditions)
    broken = broken_in(outcome)
    promises = tuple(dict.fromkeys(promise for promise, _ in broken)) or (key[0],)
    spec = named(spec, promises)
    titled = replace(outcome, scenario=spec.scenario())
    return Breach(
        key=key,
        broken=broken,
        spec=spec,
        run=run,
        size=drawn.size,
        tries=search.tries,
        repeats=found is not None,
        late=search.late,
        evidence=repeatable(as_text(titled)),
    )


def merged(breaches: Sequence[Breach], groups: dict[Key, list[int]]) -> list[Breach]:
    """Return each breach once, with all its runs, without those whose scenario an earlier one explains."""
    kept: list[Breach] = []
    for breach in breaches:
        if not any(breach.key in other.keys for other in kept):
            kept.append(breach)
    names: dict[str, int] = {}
    result = []
    for breach in kept:
        runs = sorted(groups[breach.key])
        count = names[breach.spec.name] = names.get(breach.spec.name, 0) + 1
        name = breach.spec.name if count == 1 else f"{breach.spec.name}_{count}"
        result.append(replace(breach, runs=tuple(runs), spec=replace(breach.spec, name=name)))
    return result


def named(spec: ScenarioSpec, promises: Sequence[str]) -> ScenarioSpec:
    """Return the scenario with a distinguishing name and sentence."""
    faults = list(dict.fromkeys(one.fault.name for step in spec.steps for one in step.faults))
    cut = any(ask.cut_in is not None for ask in spec.asks)
    trouble = [*faults, *(["interruption"] if cut else [])] or ["calm"]
    where = counted(len(spec.asks), "turn")
    words = ", ".join(each.replace("_", " ") for each in trouble)
    return replace(
        spec,
        name="_".join([promises[0].lower(), *trouble[:3], *(["and_more"] if len(trouble) > 3 else [])]),
        sentence=f"{where} with {words}; breaks {', '.join(promises)}.",
        broke=tuple(promises),
    )
