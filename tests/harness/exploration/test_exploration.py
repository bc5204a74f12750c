"""Exploration: what is broken is found and told once, whoever plays it and however often it was stopped."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ninelives.lab.conditions import read_conditions
from ninelives.lab.exploration import Exploration, draw_scenario, explore
from ninelives.lab.exploration.executors import Here, open_executor
from ninelives.lab.exploration.explore import Progress
from ninelives.lab.exploration.trial import keys_of
from ninelives.lab.services import http
from ninelives.usage_error import UsageError
from pipecat_responses import OpenAIResponsesHttpLLMService, Timeouts

from .broken import BROKEN, ReportsTwice, factory_of

SEED = 30


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.thorough) if number else kind
        for number, kind in enumerate(BROKEN)
    ],
    ids=lambda kind: kind.__name__,
)
def test_a_broken_service_is_found_within_two_hundred_runs(kind: type[Any]) -> None:
    result = explore(
        factory_of(kind), runs=200, seed=SEED, executor=Here(), jobs=1, until_broken=True, tries=0
    )
    (broken,) = result.broken
    assert BROKEN[kind] in {promise for promise, _ in broken.broken}


def played(**given: Any) -> Exploration:
    return explore(factory_of(ReportsTwice), runs=5, seed=SEED, tries=6, **given)


@pytest.fixture(scope="module")
def alone() -> Exploration:
    """What a service with a defect is found to do, played one run after the other."""
    return played(executor=Here(), jobs=1)


@pytest.mark.thorough
def test_a_breach_is_told_once_by_its_shortest_scenario(alone: Exploration) -> None:
    assert alone.broken
    keys = [breach.key for breach in alone.breaches]
    assert len(set(keys)) == len(keys)
    breach = next(each for each in alone.breaches if "I9" in each.promises)
    assert breach.repeats
    assert breach.tries <= 6
    assert breach.spec.size < breach.size == draw_scenario(SEED, breach.run).size
    assert breach.run in breach.runs
    assert breach.spec.broke == tuple(breach.promises)
    for words in ("turn 1, the user: '", "fault at", "was heard: ", "I9 broken"):
        assert words in breach.evidence


def test_no_port_stands_in_what_was_found() -> None:
    def hasty(base_url: str, ws_url: str) -> Any:
        return OpenAIResponsesHttpLLMService(api_key="any", base_url=base_url, timeouts=Timeouts(recover=0.1))

    given: dict[str, Any] = {"runs": 1, "seed": 7, "first": 13, "tries": 0, "executor": Here(), "jobs": 1}
    found = explore(hasty, **given)
    assert "No answer from http://127.0.0.1:PORT/v1/" in found.breaches[0].evidence
    assert explore(hasty, **given) == found


@pytest.mark.thorough
def test_threads_find_the_same(alone: Exploration) -> None:
    with ThreadPoolExecutor(3) as threads:
        assert played(executor=threads, jobs=3) == alone


@pytest.mark.thorough
def test_a_pool_of_processes_finds_the_same() -> None:
    given: dict[str, Any] = {"runs": 2, "seed": SEED, "tries": 0}
    with open_executor("processes", 2) as (pool, jobs):
        assert explore("ninelives.lab.services:http", executor=pool, jobs=jobs, **given) == explore(
            "ninelives.lab.services:http", executor=Here(), jobs=1, **given
        )


@pytest.mark.thorough
def test_a_dask_cluster_finds_the_same() -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    given: dict[str, Any] = {"runs": 4, "seed": SEED, "tries": 0}
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
        ) as cluster,
        open_executor("dask://" + cluster.scheduler_address.removeprefix("tcp://"), None) as (executor, jobs),
    ):
        assert jobs == 2
        assert isinstance(executor, Executor)
        there = explore("ninelives.lab.services:http", executor=executor, jobs=jobs, **given)
    assert there == explore("ninelives.lab.services:http", executor=Here(), jobs=1, **given)


class Stopped(Exception):
    pass


@pytest.mark.thorough
def test_what_was_stopped_goes_on_where_it_was_and_ends_the_same(alone: Exploration, tmp_path: Path) -> None:
    journal = tmp_path / "runs.jsonl"

    def stop(progress: Progress) -> None:
        if progress.done >= 4 and not progress.shrinking:
            raise Stopped

    with pytest.raises(Stopped):
        played(executor=Here(), jobs=1, journal=journal, progress=stop)
    kept = journal.read_bytes()
    assert len(kept.splitlines()) == 5
    journal.write_bytes(kept + b'{"run": 4, "transp')  # as a process that was killed leaves it
    seen: list[int] = []
    again = played(executor=Here(), jobs=1, journal=journal, progress=lambda now: seen.append(now.done))
    assert seen[0] == 4  # and not from the beginning
    assert again == alone
    assert len(journal.read_bytes().splitlines()) == 6


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "runs.jsonl"
    explore(http, runs=1, seed=1, executor=Here(), jobs=1, journal=journal)
    heading = journal.read_text(encoding="utf-8").splitlines()[0]
    for text, seed, expected in (
        (heading + "\n", 2, "explores ninelives.lab.services:http with seed 1"),
        (heading.replace('"scenarios": "', '"scenarios": "f') + "\n", 1, "draws other scenarios"),
        ('{"ninelives": 1}\n', 1, "is not a journal"),
        (heading + '\n{"tun": 4}\n', 1, "runs.jsonl:2 is not a line"),
    ):
        journal.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=expected):
            explore(http, runs=1, seed=seed, executor=Here(), jobs=1, journal=journal)


def test_a_journal_under_other_conditions_is_refused(tmp_path: Path) -> None:
    given: dict[str, Any] = {"runs": 1, "seed": 1, "executor": Here(), "jobs": 1, "tries": 0}
    strict = read_conditions(max_dead_air="20ms")
    found = explore(http, journal=tmp_path / "strict.jsonl", conditions=strict, **given)
    assert {promise for promise, _ in found.broken[0].broken} == {"I10"}
    assert explore(http, journal=tmp_path / "strict.jsonl", conditions=strict, **given) == found
    with pytest.raises(UsageError, match="was made with another pace, other budgets"):
        explore(http, journal=tmp_path / "strict.jsonl", **given)


def test_a_service_that_cannot_be_built_is_one_breach() -> None:
    def crash(base_url: str, ws_url: str) -> Any:
        raise RuntimeError("no model in this build")

    result = explore(crash, runs=3, seed=SEED, executor=Here(), jobs=1, tries=10)
    (breach,) = result.breaches
    assert breach.broken == (("crash", "RuntimeError: no model in this build"),)
    assert breach.runs == (0, 1, 2)


def test_the_same_breach_has_the_same_key_in_another_scenario() -> None:
    one = keys_of([("I5", 'turn 3 heard "so" instead of "so; turn on"; turn 4 heard "" instead of "a 7"')])
    other = keys_of([("I5", 'turn 1 heard "" instead of "b"')])
    assert one == other
    assert keys_of([("I7", 'turn 1 heard "" instead of "b"')]) != other
    thrice = "; ".join(f"the tool of call call_{name} ran 2 times" for name in "abc")
    assert keys_of([("I3", thrice)]) == keys_of([("I3", "the tool of call call_z ran 4 times")])
