"""Plays one scenario against one service, and keeps the relevant results."""

from __future__ import annotations

import multiprocessing
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ninelives.lab.conditions import USUAL, Conditions
from ninelives.lab.exploration.drawing import draw_scenario

if TYPE_CHECKING:
    from ninelives.lab.run import Outcome
    from ninelives.lab.scenario_spec import ScenarioSpec
    from ninelives.lab.services import Factory

CRASH = "crash"
"""The pseudo-promise of a run that ended with an exception."""

_one_at_a_time = threading.Lock()
"""A run seeds the global random generator, so two in one process would disturb each other."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of one run."""

    run: int
    transport: str
    broken: tuple[tuple[str, str], ...]
    """The broken promises, each with its reason."""

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """The broken promises, each with the shape of its reason."""
        return keys_of(self.broken)


def factory_of(subject: str | Factory) -> Factory:
    """Return the factory for a worker: by name, or as it is."""
    from ninelives.lab.services import as_factory, find_factory

    return find_factory(subject) if isinstance(subject, str) else as_factory(subject)


def try_runs(
    subject: str | Factory, seed: int, numbers: Sequence[int], conditions: Conditions = USUAL
) -> list[Trial]:
    """Play these runs of a seed. This runs in a worker, which gets two numbers instead of a scenario."""
    quiet_in_a_worker()
    factory = factory_of(subject)
    outcomes = ((number, play(draw_scenario(seed, number), factory, conditions)) for number in numbers)
    return [Trial(number, outcome.transport, broken_in(outcome)) for number, outcome in outcomes]


def quiet_in_a_worker() -> None:
    """Silence the logging of libraries in a worker process; other processes keep theirs."""
    if multiprocessing.parent_process() is not None:
        from ninelives.commands.quiet import quiet

        quiet()


def play(spec: ScenarioSpec, factory: Factory, conditions: Conditions = USUAL) -> Outcome:
    """Play a scenario in virtual time."""
    from ninelives.bot.overheard import overheard
    from ninelives.lab.run import run_scenario

    with _one_at_a_time, overheard():
        return run_scenario(spec.scenario(), factory, conditions=conditions)


def broken_in(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """Return the broken promises, including a crash; empty if the scenario cannot happen."""
    if not outcome.applies:
        return ()
    crash = ((CRASH, outcome.crash),) if outcome.crash else ()
    found = (*crash, *((each.promise, each.why) for each in outcome.broken))
    return tuple((promise, repeatable(why)) for promise, why in found)


_PORT = re.compile(r"\b(127\.0\.0\.1|localhost):\d+\b")


def repeatable(text: str) -> str:
    """Return a text without the port of this run's server."""
    return _PORT.sub(r"\1:PORT", text)


_PARTICULARS = (
    (re.compile(r'"[^"]*"'), '"…"'),
    (re.compile(r"\[[^\]]*\]"), "[…]"),
    (re.compile(r"\{[^}]*\}"), "{…}"),
    (re.compile(r"\b(call|resp|msg|fc|rs)_\w+"), r"\1"),
    (re.compile(r"\d+(\.\d+)?"), "N"),
)


def keys_of(broken: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return breaches without details, so that the same breach in another scenario is equal."""
    return frozenset((promise, shape) for promise, why in broken for shape in _shapes(why))


def _shapes(why: str) -> list[str]:
    for particular, plain in _PARTICULARS:
        why = particular.sub(plain, why)
    return re.split(r"; (?=turn N|between turns|the tool of)", why)
