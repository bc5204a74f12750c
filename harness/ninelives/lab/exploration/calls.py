"""Many calls to one bot without faults: the callers' waiting times, and the worst call.

A call is a random conversation as in exploration, without faults, with short pauses and tools that answer at
once, so that the caller waits only for the bot and the model. Call `i` of seed `s` is the same conversation
at the same times everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from mock_openai.protocol.event_types import OPENING
from mock_openai.protocol.events import Event

from ninelives.lab.attribution import accounts
from ninelives.lab.conditions import Conditions
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.exploration.executors import Crew
from ninelives.lab.exploration.shrinking import Shrinking
from ninelives.lab.exploration.trial import broken_in, factory_of, play, quiet_in_a_worker
from ninelives.lab.figures import NO_FIGURES, Figures, together
from ninelives.lab.run import LATENCY, Outcome
from ninelives.lab.scenario_spec import Ask, Pause, ScenarioSpec
from ninelives.plural import counted

if TYPE_CHECKING:
    from mock_openai.journal.sent_responses import SentResponse

    from ninelives.lab.episode import Episode
    from ninelives.lab.services import Factory

LONGEST_PAUSE = 5.0
"""The most seconds between two turns of a call."""

AS_BAD = 0.9
"""A shorter scenario represents the worst call if its longest silence is at least this share of the call's.
"""

TRIES = 60
"""The most scenarios played to shorten the worst call."""

BATCH = 4
"""Calls per job of a worker."""


@dataclass(frozen=True, slots=True)
class Called:
    """The result of one call."""

    number: int
    figures: Figures
    broken: tuple[tuple[str, str], ...]
    """The broken promises, each with its reason."""

    @property
    def waited(self) -> float:
        """Its longest silence in seconds."""
        return self.figures.dead_air or 0.0


@dataclass(frozen=True, slots=True)
class Calls:
    """The results of all calls."""

    all: tuple[Called, ...]
    """In order of their numbers."""

    @property
    def figures(self) -> Figures:
        """The waiting times of the callers of all calls."""
        return together(each.figures for each in self.all)

    @property
    def broken(self) -> list[Called]:
        """The calls in which a promise was broken."""
        return [each for each in self.all if each.broken]

    @property
    def worst(self) -> Called:
        """The call with the longest silence; of several, the first."""
        return max(self.all, key=lambda each: (each.waited, -each.number))


@dataclass(frozen=True, slots=True)
class Worst:
    """The worst call as a scenario."""

    spec: ScenarioSpec
    outcome: Outcome
    tries: int
    """Scenarios played to shorten it."""
    was: tuple[int, int, int]
    """The size of the call: steps, interruptions, characters."""
    at_pace: bool
    """Whether it needs the pace of the calls; otherwise the model's times are written into it."""


def draw_call(seed: int, number: int) -> ScenarioSpec:
    """Return the conversation of one call of a seed."""
    drawn = draw_scenario(seed, number)
    steps = [
        replace(step, faults=(), seconds=min(step.seconds, LONGEST_PAUSE))
        if isinstance(step, Pause)
        else replace(step, faults=(), answerable=True, takes=())
        for step in drawn.steps
    ]
    if isinstance(steps[-1], Pause):
        steps.pop()
    usual = ScenarioSpec(())
    return ScenarioSpec(
        tuple(steps),
        name=f"call_{number}",
        sentence=f"Call {number} of seed {seed}.",
        pace=usual.pace,
        # The model's times are drawn from the scenario's seed, so every call has its own seed.
        seed=random.Random(f"ninelives call {seed} {number}").randrange(2**31),
    )


def play_calls(
    subject: str | Factory,
    crew: Crew,
    *,
    calls: int,
    seed: int,
    conditions: Conditions,
    progress: Callable[[int, int], None],
) -> Calls:
    """Play `count` calls of a seed. `progress` is called with the number that is done, and the number that
    broke a promise.
    """

    def batches() -> Iterator[tuple[Callable[..., Any], Sequence[Any]]]:
        for at in range(0, calls, BATCH):
            yield call_again, (subject, seed, range(at, min(at + BATCH, calls)), conditions)

    done: list[Called] = []
    progress(0, 0)
    for batch in crew.results(batches()):
        done += batch
        progress(len(done), sum(bool(each.broken) for each in done))
    return Calls(tuple(sorted(done, key=lambda each: each.number)))


def call_again(
    subject: str | Factory, seed: int, numbers: Sequence[int], conditions: Conditions
) -> list[Called]:
    """Play these calls of a seed. This runs in a worker."""
    quiet_in_a_worker()
    factory = factory_of(subject)
    return [_called(number, play(draw_call(seed, number), factory, conditions)) for number in numbers]


def _called(number: int, outcome: Outcome) -> Called:
    return Called(number, outcome.figures if outcome.applies else NO_FIGURES, broken_in(outcome))


def shrunk(
    subject: str | Factory, worst: Called, *, seed: int, conditions: Conditions, tries: int = TRIES
) -> Worst:
    """Return the shortest scenario whose caller waits in silence about as long as in the worst call."""
    factory = factory_of(subject)
    drawn = draw_call(seed, worst.number)
    long = AS_BAD * worst.waited
    late = any(promise == LATENCY for promise, _ in worst.broken)

    def search(spec: ScenarioSpec, under: Conditions) -> tuple[ScenarioSpec | None, int]:
        def as_bad(shorter: ScenarioSpec) -> bool:
            outcome = play(shorter, factory, under)
            return (outcome.figures.dead_air or 0.0) >= long and late <= _is_late(outcome)

        searching = Shrinking(as_bad, tries)
        return searching.of(spec) if tries else None, searching.tries

    # With the model's times written into the scenario, other texts do not matter. Times within an answer
    # cannot be written, so the pace has to draw them again.
    frozen, under = _frozen(drawn, play(drawn, factory, conditions)), replace(conditions, pace=None)
    spec, played = search(frozen, under)
    if spec is None:
        under = conditions
        spec, more = search(drawn, under)
        played += more
    spec = spec or drawn
    many = counted(len(spec.asks), "turn")
    spec = replace(
        spec,
        name="worst_call",
        sentence=f"The worst of the calls of seed {seed}, call {worst.number}, in {many}.",
    )
    outcome = play(spec, factory, under)
    spec = replace(spec, broke=tuple(each.promise for each in outcome.broken))
    return Worst(spec, outcome, played, drawn.size, at_pace=under.pace is not None)


def _is_late(outcome: Outcome) -> bool:
    return any(promise == LATENCY for promise, _ in broken_in(outcome))


def _frozen(spec: ScenarioSpec, outcome: Outcome) -> ScenarioSpec:
    """Return the scenario with the times that the model took before the first output of each response in this
    run.
    """
    took: dict[str, list[float]] = {}
    for account in accounts(outcome.episode):
        times = [_took(outcome.episode, attempt.said) for attempt in account.attempts]
        # The same question again is answered by the same rule.
        before = took.get(account.turn.user or "", [])
        took[account.turn.user or ""] = [max(pair) for pair in zip_longest(times, before, fillvalue=0.0)]
    # Two events of a scenario's own pace come before the first output.
    ahead = 2 * spec.pace
    steps = [
        replace(step, takes=tuple(round(max(0.0, each - ahead), 3) for each in took.get(step.user, ())))
        if isinstance(step, Ask)
        else step
        for step in spec.steps
    ]
    return replace(spec, steps=tuple(steps))


def _took(episode: Episode, said: SentResponse) -> float:
    began = said.began
    first = (
        entry.at
        for entry in episode.wire
        if entry.connection == said.connection
        and entry.turn == said.turn
        and isinstance(entry.data, Event)
        and entry.data.type not in OPENING
    )
    return next(first, began) - began
