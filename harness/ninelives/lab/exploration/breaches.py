"""Sorts what broke: one breach for each promise and cause, in however many runs it was seen.

Two runs show the same breach if the same promise was broken for a reason of the same shape, or if the
shortest story of one breaks what the other broke.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ninelives.lab.conditions import USUAL, Conditions
from ninelives.lab.exploration.drawing import draw_story
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
from ninelives.lab.failure_text import told
from ninelives.lab.story import Story

if TYPE_CHECKING:
    from ninelives.lab.services import Factory

Key = tuple[str, str]
"""A promise, and the shape of the reason why it is broken."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which the service breaks a promise, with the shortest story that shows it."""

    key: Key
    broken: tuple[tuple[str, str], ...]
    """What the shortest story breaks: every promise, with its reason."""
    story: Story
    run: int
    """The run in which it was found."""
    size: tuple[int, int, int]
    """How long the story of that run was."""
    tries: int
    """Stories played to shorten it."""
    repeats: bool
    """False if it did not break when played again, so that it depends on more than the seed."""
    late: bool
    """Whether shrinking ran out of real seconds, not of tries: a faster machine may find a shorter story."""
    evidence: str
    """Said and heard, turn by turn."""
    runs: tuple[int, ...] = ()
    """All runs that broke this promise in this way."""

    @property
    def promises(self) -> list[str]:
        """The promises that the shortest story breaks."""
        return list(dict.fromkeys(promise for promise, _ in self.broken))

    @property
    def keys(self) -> frozenset[Key]:
        """Everything that the shortest story shows."""
        return keys_of(self.broken) | {self.key}


def grouped(seed: int, trials: Iterable[Trial]) -> dict[Key, list[int]]:
    """Group the runs that broke something by what they broke: the shortest story first, then the earliest
    run.
    """
    groups: dict[Key, list[int]] = {}
    for trial in trials:
        for key in trial.keys:
            groups.setdefault(key, []).append(trial.run)
    for runs in groups.values():
        runs.sort(key=lambda run: (draw_story(seed, run).size, run))
    return dict(sorted(groups.items()))


def shortest(
    subject: str | Factory, seed: int, run: int, key: Key, tries: int = TRIES, conditions: Conditions = USUAL
) -> Breach:
    """Return the breach of one run, with the shortest story for it. This runs in a worker."""
    quiet_in_a_worker()
    factory = factory_of(subject)
    drawn = draw_story(seed, run)
    search = Shrinking(lambda story: key in keys_of(broken_in(play(story, factory, conditions))), tries)
    found = search.of(drawn) if tries else drawn
    story = found or drawn
    outcome = play(story, factory, conditions)
    broken = broken_in(outcome)
    promises = tuple(dict.fromkeys(promise for promise, _ in broken)) or (key[0],)
    story = named(story, promises)
    titled = replace(outcome, scenario=story.scenario())
    return Breach(
        key=key,
        broken=broken,
        story=story,
        run=run,
        size=drawn.size,
        tries=search.tries,
        repeats=found is not None,
        late=search.late,
        evidence=repeatable(told(titled)),
    )


def merged(breaches: Sequence[Breach], groups: dict[Key, list[int]]) -> list[Breach]:
    """Return each breach once, with all its runs; those whose story an earlier one explains are left out."""
    kept: list[Breach] = []
    for breach in breaches:
        if not any(breach.key in other.keys for other in kept):
            kept.append(breach)
    names: dict[str, int] = {}
    result = []
    for breach in kept:
        runs = sorted(groups[breach.key])
        count = names[breach.story.name] = names.get(breach.story.name, 0) + 1
        name = breach.story.name if count == 1 else f"{breach.story.name}_{count}"
        result.append(replace(breach, runs=tuple(runs), story=replace(breach.story, name=name)))
    return result


def named(story: Story, promises: Sequence[str]) -> Story:
    """Return the story with a distinguishing name and sentence."""
    faults = list(dict.fromkeys(one.fault.name for act in story.acts for one in act.faults))
    cut = any(ask.cut_in is not None for ask in story.asks)
    trouble = [*faults, *(["interruption"] if cut else [])] or ["calm"]
    where = f"{len(story.asks)} turn{'s' if len(story.asks) > 1 else ''}"
    words = ", ".join(each.replace("_", " ") for each in trouble)
    return replace(
        story,
        name="_".join([promises[0].lower(), *trouble[:3], *(["and_more"] if len(trouble) > 3 else [])]),
        sentence=f"{where} with {words}; breaks {', '.join(promises)}.",
        broke=tuple(promises),
    )
