"""Shrinking: the shortest story that still breaks, the same every time, within bounds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from ninelives.lab.exploration.drawing import draw_story
from ninelives.lab.exploration.shrinking import Shrinking
from ninelives.lab.exploration.simpler import WAYS
from ninelives.lab.story import Ask, Pause, Story


def has_a_reset(story: Story) -> bool:
    return any(one.fault.name == "reset" for act in story.acts for one in act.faults)


def calls_after_an_interruption(story: Story) -> bool:
    cut = [number for number, ask in enumerate(story.asks) if ask.cut_in is not None]
    return bool(cut) and any(len(ask.answer) > 1 for ask in story.asks[cut[0] + 1 :])


def first(breaks: Callable[[Story], bool]) -> Story:
    for run in range(1000):
        story = draw_story(3, run)
        if breaks(story) and story.size > (6, 4, 300):
            return story
    raise AssertionError("nothing drawn breaks")


@pytest.mark.parametrize(("breaks", "size"), [(has_a_reset, (1, 1)), (calls_after_an_interruption, (3, 1))])
def test_what_does_not_matter_is_left_out(breaks: Callable[[Story], bool], size: tuple[int, int]) -> None:
    search = Shrinking(breaks, most=70)
    found = search.of(first(breaks))
    assert found is not None
    assert breaks(found)
    assert found.size[:2] == size
    assert (found.pace, found.tool_seconds, found.on_cancel, found.seed) == (0.05, 0.0, "honour", 0)
    assert search.tries <= 70


def searched(story: Story) -> list[Story]:
    played: list[Story] = []

    def breaks(story: Story) -> bool:
        played.append(story)
        return calls_after_an_interruption(story)

    found = Shrinking(breaks, most=70).of(story)
    assert found in played
    assert len(played) == len({repr(each) for each in played})  # none twice
    return played


def test_it_plays_the_same_stories_every_time_and_leaves_chance_alone() -> None:
    story = first(calls_after_an_interruption)
    random.seed(1)
    there = searched(story)
    assert random.random() == random.Random(1).random()
    assert searched(story) == there
    assert there[0] == story  # first the one that was drawn


@pytest.mark.parametrize("run", range(40))
def test_what_is_simpler_could_have_been_drawn(run: int) -> None:
    drawn = draw_story(5, run)
    for way in WAYS:
        for story in way(drawn):
            assert story != drawn
            assert story.size <= drawn.size
            assert isinstance(story.acts[0], Ask)
            assert all(
                isinstance(act, Pause) is bool(number % 2) for number, act in enumerate(story.acts)
            )  # questions with a pause between
            assert len({(ask.user, repr(ask.answer)) for ask in story.asks}) == len(
                {ask.user for ask in story.asks}
            )  # what is asked twice is answered the same way
            for ask in story.asks:
                assert ask.text
                assert all(any("call" in item for item in step) for step in ask.answer[:-1])
                assert ask.answerable is not any(one.fault.name == "insufficient_quota" for one in ask.faults)
            assert story.scenario().script


def test_it_ends_after_so_many_tries_with_the_shortest_so_far() -> None:
    story = first(has_a_reset)
    search = Shrinking(has_a_reset, most=5)
    found = search.of(story)
    assert search.tries == 5
    assert Shrinking(has_a_reset, most=5).of(story) == found
    assert found is not None
    assert found.size < story.size


def test_a_service_that_takes_too_long_ends_the_search_and_it_says_so() -> None:
    story = first(has_a_reset)
    search = Shrinking(has_a_reset, seconds=-1.0)
    assert search.of(story) == story  # it broke again, and that is all there was time for
    assert search.late
    unhurried = Shrinking(has_a_reset)
    unhurried.of(story)
    assert not unhurried.late


def test_what_does_not_break_again_is_not_shrunk() -> None:
    search = Shrinking(lambda story: False)
    assert search.of(draw_story(5, 0)) is None
    assert search.tries == 1
