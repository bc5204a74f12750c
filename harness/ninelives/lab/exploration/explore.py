"""Many random scenarios against one service, on any executor; each breach is shrunk and reported once.

    from ninelives.lab.exploration import explore

    result = explore("my_bot:make_service", runs=1000, seed=7)
    assert not result.breaches, result.breaches[0].evidence

**Repeatable.** Run `i` of seed `s` is drawn from a generator of its own, seeded with the pair (s, i), so it
is the same scenario whichever worker draws it, in whatever order, with any number of jobs; only the pair is
sent to a worker. Results are sorted when all runs have ended, in the order of the runs, so they do not depend
on the executor either. A file of finished runs (`run_journal`) replaces playing them again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ninelives.lab.conditions import USUAL, Conditions
from ninelives.lab.exploration.breaches import Breach, Key, grouped, merged, shortest
from ninelives.lab.exploration.executors import Crew, open_executor
from ninelives.lab.exploration.run_journal import RunJournal, Task
from ninelives.lab.exploration.shrinking import TRIES
from ninelives.lab.exploration.trial import Trial, try_runs

if TYPE_CHECKING:
    from ninelives.lab.services import Factory

BATCH = 4
"""Runs per job of a worker: a quarter of a second of work, so that the cost of sending is negligible."""

WAVE = 4
"""Breaches shrunk at once. Fixed, so that the result does not depend on the number of jobs."""

MOST = 24
"""The most breaches that are shrunk; others are reported by their runs."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """The result of an exploration."""

    task: Task
    trials: Sequence[Trial]
    """The runs that were played, in order."""
    breaches: Sequence[Breach]
    """Each distinct breach once, with the shortest scenario."""
    unshrunk: dict[Key, list[int]] = field(default_factory=dict)
    """The breaches beyond the first `MOST`, each with its runs."""

    @property
    def broken(self) -> list[Trial]:
        """The runs in which a promise was broken."""
        return [trial for trial in self.trials if trial.broken]


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an exploration."""

    done: int
    of: int
    broken: int
    """Runs in which something broke."""
    shrinking: bool = False
    """Whether all runs are done, and `done` of `of` breaches are shrunk."""


def explore(
    factory: str | Factory,
    *,
    runs: int = 1000,
    seed: int = 0,
    first: int = 0,
    executor: Executor | None = None,
    jobs: int | None = None,
    until_broken: bool = False,
    journal: Path | None = None,
    tries: int = TRIES,
    progress: Callable[[Progress], None] = lambda _: None,
    conditions: Conditions = USUAL,
) -> Exploration:
    """Play `runs` random scenarios of a seed against a service, from number `first` on, and sort what breaks.

    `factory` is a service class or a function of `(base_url, ws_url)`, or the name of one, `MODULE:NAME`;
    other processes and machines must be able to import it. `executor` is any `concurrent.futures.Executor`;
    by default a pool of `jobs` processes (one job runs here, in this process). `until_broken` ends at the
    first run that breaks something, the one with the lowest number. `journal` is a file to continue and to
    write to. `tries` limits the scenarios played to shorten one breach; 0 shortens none. `conditions` hold in
    every run.
    """
    name = factory if isinstance(factory, str) else f"{factory.__module__}:{factory.__qualname__}"
    task = Task(name, seed, runs, first, conditions)
    with ExitStack() as stack:
        if executor is None:
            executor, jobs = stack.enter_context(open_executor("processes", jobs))
        written = RunJournal(journal, task) if journal is not None else None
        if written is not None:
            stack.callback(written.close)
        crew = Crew(executor, jobs or os.cpu_count() or 1)
        trials = _play(crew, factory, task, written, until_broken, progress)
        groups = grouped(seed, trials)
        found, left = _shrink(crew, factory, task, groups, tries, progress)
    return Exploration(task, trials, merged(found, groups), left)


def _play(
    crew: Crew,
    factory: str | Factory,
    task: Task,
    journal: RunJournal | None,
    until_broken: bool,
    progress: Callable[[Progress], None],
) -> list[Trial]:
    played: dict[int, Trial] = {}
    if journal is not None:
        played = {run: trial for run, trial in journal.trials.items() if run in task.numbers}

    def earliest() -> int | None:
        return min((run for run, trial in played.items() if trial.broken), default=None)

    def calls() -> Iterator[tuple[Callable[..., Any], Sequence[Any]]]:
        missing = [number for number in task.numbers if number not in played]
        size = 1 if until_broken else BATCH
        for at in range(0, len(missing), size):
            end = earliest() if until_broken else None
            if end is not None and missing[at] > end:
                return
            yield try_runs, (factory, task.seed, missing[at : at + size], task.conditions)

    def report_progress() -> None:
        progress(Progress(len(played), task.runs, sum(bool(trial.broken) for trial in played.values())))

    report_progress()
    for trials in crew.results(calls()):
        played |= {trial.run: trial for trial in trials}
        if journal is not None:
            journal.note(trials)
        report_progress()
    end = earliest() if until_broken else None
    return [played[run] for run in sorted(played) if end is None or run <= end]


def _shrink(
    crew: Crew,
    factory: str | Factory,
    task: Task,
    groups: dict[Key, list[int]],
    tries: int,
    progress: Callable[[Progress], None],
) -> tuple[list[Breach], dict[Key, list[int]]]:
    # The breach with the shortest scenario first: it explains others, which then need no search of their own.
    waiting = sorted(groups, key=lambda key: (grouping_order(task.seed, groups[key]), key))
    found: list[Breach] = []
    while waiting and len(found) < MOST:
        wave, waiting = waiting[:WAVE], waiting[WAVE:]
        progress(Progress(len(found), len(found) + len(wave) + len(waiting), 0, shrinking=True))
        calls = [
            (shortest, (factory, task.seed, groups[key][0], key, tries, task.conditions)) for key in wave
        ]
        shrunk = {breach.key: breach for breach in crew.results(calls)}
        found += [shrunk[key] for key in wave]
        explained = {key for breach in found for key in breach.keys}
        waiting = [key for key in waiting if key not in explained]
    return found, {key: groups[key] for key in waiting}


def grouping_order(seed: int, runs: Sequence[int]) -> tuple[Any, ...]:
    """Return the sort key of a group: those with a short scenario come first."""
    from ninelives.lab.exploration.drawing import draw_scenario

    return (draw_scenario(seed, runs[0]).size, runs[0])
