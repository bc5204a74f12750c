"""Shrinking: the shortest scenario that still breaks, the same every time, within bounds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.exploration.shrinking import Shrinking
from ninelives.lab.exploration.simpler import WAYS
from ninelives.lab.scenario_spec import Ask, Pause, ScenarioSpec


def has_a_reset(spec: ScenarioSpec) -> bool:
    return any(one.fault.name == "reset" for step in spec.steps for one in step.faults)


def calls_after_an_interruption(spec: ScenarioSpec) -> bool:
    cut = [number for number, ask in enumerate(spec.asks) if ask.cut_in is not None]
    return bool(cut) and any(len(ask.answer) > 1 for ask in spec.asks[cut[0] + 1 :])


def first(breaks: Callable[[ScenarioSpec], bool]) -> ScenarioSpec:
    for run in range(1000):
        spec = draw_scenario(3, run)
        if breaks(spec) and spec.size > (6, 4, 300):
            return spec
    raise AssertionError("nothing drawn breaks")


@pytest.mark.parametrize(("breaks", "size"), [(has_a_reset, (1, 1)), (calls_after_an_interruption, (3, 1))])
def test_what_does_not_matter_is_left_out(
    breaks: Callable[[ScenarioSpec], bool], size: tuple[int, int]
) -> None:
    search = Shrinking(breaks, most=70)
    found = search.of(first(breaks))
    assert found is not None
    assert breaks(found)
    assert found.size[:2] == size
    assert (found.pace, found.tool_seconds, found.on_cancel, found.seed) == (0.05, 0.0, "honour", 0)
    assert search.tries <= 70


def searched(spec: ScenarioSpec) -> list[ScenarioSpec]:
    played: list[ScenarioSpec] = []

    def breaks(spec: ScenarioSpec) -> bool:
        played.append(spec)
        return calls_after_an_interruption(spec)

    found = Shrinking(breaks, most=70).of(spec)
    assert found in played
    assert len(played) == len({repr(each) for each in played})  # none twice
    return played


def test_it_plays_the_same_scenarios_every_time_and_leaves_chance_alone() -> None:
    spec = first(calls_after_an_interruption)
    random.seed(1)
    there = searched(spec)
    assert random.random() == random.Random(1).random()
    assert searched(spec) == there
    assert there[0] == spec  # first the one that was drawn


@pytest.mark.parametrize("run", range(40))
def test_what_is_simpler_could_have_been_drawn(run: int) -> None:
    drawn = draw_scenario(5, run)
    for way in WAYS:
        for spec in way(drawn):
            assert spec != drawn
            assert spec.size <= drawn.size
            assert isinstance(spec.steps[0], Ask)
            assert all(
                isinstance(step, Pause) is bool(number % 2) for number, step in enumerate(spec.steps)
            )  # questions with a pause between
            assert len({(ask.user, repr(ask.answer)) for ask in spec.asks}) == len(
                {ask.user for ask in spec.asks}
            )  # what is asked twice is answered the same way
            for ask in spec.asks:
                assert ask.text
                assert all(any("call" in item for item in step) for step in ask.answer[:-1])
                assert ask.answerable is not any(one.fault.name == "insufficient_quota" for one in ask.faults)
            assert spec.scenario().script


def test_it_ends_after_so_many_tries_with_the_shortest_so_far() -> None:
    spec = first(has_a_reset)
    search = Shrinking(has_a_reset, most=5)
    found = search.of(spec)
    assert search.tries == 5
    assert Shrinking(has_a_reset, most=5).of(spec) == found
    assert found is not None
    assert found.size < spec.size


def test_a_service_that_takes_too_long_ends_the_search_and_it_says_so() -> None:
    spec = first(has_a_reset)
    search = Shrinking(has_a_reset, seconds=-1.0)
    assert search.of(spec) == spec  # it broke again, and that is all there was time for
    assert search.late
    unhurried = Shrinking(has_a_reset)
    unhurried.of(spec)
    assert not unhurried.late


def test_what_does_not_break_again_is_not_shrunk() -> None:
    search = Shrinking(lambda spec: False)
    assert search.of(draw_scenario(5, 0)) is None
    assert search.tries == 1
