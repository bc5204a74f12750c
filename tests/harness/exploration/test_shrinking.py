"""Shrinking: the shortest story that still breaks, the same every time, within bounds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from ninelives.lab.exploration.choices import Recorded, Seeded
from ninelives.lab.exploration.drawing import draw_story, tell
from ninelives.lab.exploration.shrinking import Shrinking
from ninelives.lab.story import Story


def has_a_reset(story: Story) -> bool:
    return any(one.fault.name == "reset" for act in story.acts for one in act.faults)


def calls_after_an_interruption(story: Story) -> bool:
    cut = [number for number, ask in enumerate(story.asks) if ask.cut_in is not None]
    return bool(cut) and any(len(ask.answer) > 1 for ask in story.asks[cut[0] + 1 :])


def first(breaks: Callable[[Story], bool]) -> Seeded:
    for run in range(1000):
        choices = Seeded(3, run)
        story = tell(choices)
        if breaks(story) and story.size > (6, 4, 300):
            return choices
    raise AssertionError("nothing drawn breaks")


@pytest.mark.parametrize(("breaks", "size"), [(has_a_reset, (1, 1)), (calls_after_an_interruption, (5, 1))])
def test_what_does_not_matter_is_left_out(breaks: Callable[[Story], bool], size: tuple[int, int]) -> None:
    choices = first(breaks)
    search = Shrinking(breaks, most=70)
    found = search.of(choices.made)
    assert found is not None
    assert breaks(found)
    assert found.size[:2] <= size
    assert (found.tool_seconds, found.on_cancel) == (0.0, "honour")
    assert search.tries <= 70


def test_it_begins_from_the_very_story_that_was_drawn() -> None:
    for run in range(40):
        choices = Seeded(5, run)
        story = tell(choices)
        assert tell(Recorded(choices.made)) == story == draw_story(5, run)
        search = Shrinking(lambda each, story=story: each != story, most=1)  # type: ignore[misc]
        assert search.of(choices.made) is None  # it tried that one first


def test_it_ends_after_so_many_tries_with_the_shortest_so_far() -> None:
    choices = first(has_a_reset)
    search = Shrinking(has_a_reset, most=5)
    found = search.of(choices.made)
    assert search.tries == 5
    assert Shrinking(has_a_reset, most=5).of(choices.made) == found
    assert found is not None
    assert found.size < tell(Recorded(choices.made)).size


@pytest.fixture
def another_profile() -> Iterator[None]:
    """hypothesis as it sets itself up on a CI machine, or as a project may have set it up."""
    settings = hypothesis.settings
    before = settings.default
    settings.register_profile("another", settings.get_profile("ci"), max_examples=1, stateful_step_count=2)
    settings.load_profile("another")
    yield
    settings.register_profile("as before", before)
    settings.load_profile("as before")


def test_the_shortest_story_does_not_depend_on_the_profile_of_hypothesis(another_profile: None) -> None:
    test_what_does_not_matter_is_left_out(calls_after_an_interruption, (5, 1))
    choices = first(calls_after_an_interruption).made
    there = searched(choices)
    hypothesis.settings.load_profile("default")
    assert searched(choices) == there  # the same stories in the same order


def test_searches_in_several_threads_do_not_disturb_each_other() -> None:
    choices = first(calls_after_an_interruption).made
    alone, found = searched(choices), []
    first_is_over = threading.Event()
    second = threading.Thread(
        target=lambda: found.append(searched(choices, lambda play: play == 2 and first_is_over.wait(60)))
    )
    found.append(searched(choices, lambda play: play == 2 and second.start()))
    first_is_over.set()
    second.join(60)
    assert found == [alone, alone]


def searched(choices: list[int], at: Callable[[int], object] = lambda play: None) -> list[Story]:
    """The stories that a search plays; `at` is told the number of each."""
    played: list[Story] = []

    def breaks(story: Story) -> bool:
        played.append(story)
        at(len(played))
        return calls_after_an_interruption(story)

    Shrinking(breaks, most=20).of(choices)
    return played


def test_a_service_that_takes_too_long_ends_the_search_and_it_says_so() -> None:
    choices = first(has_a_reset).made
    search = Shrinking(has_a_reset, seconds=0.0)
    assert search.of(choices) is None
    assert search.late
    unhurried = Shrinking(has_a_reset)
    assert unhurried.of(choices) is not None
    assert not unhurried.late


def test_what_does_not_break_again_is_not_shrunk() -> None:
    search = Shrinking(lambda story: False)
    assert search.of(Seeded(5, 0).made) is None
    assert search.tries == 1


def test_nothing_is_left_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Shrinking(has_a_reset).of(first(has_a_reset).made)
    assert not list(tmp_path.iterdir())
