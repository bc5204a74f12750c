"""Stories: pure data, the same for the same two numbers, written to files and read again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mock_openai.faults import catalogue
from ninelives.lab import run_scenario
from ninelives.lab.exploration import draw_story
from ninelives.lab.scenario import Say
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import http
from ninelives.lab.story import Ask, Pause, Story
from ninelives.lab.story_file import from_data, from_text, load, load_all, to_data, to_yaml
from ninelives.usage_error import UsageError

from tests.effort import HANG

DRAWN = [draw_story(7, run) for run in range(80)]


def test_the_same_two_numbers_give_the_same_story_in_another_process() -> None:
    program = "from ninelives.lab.exploration import draw_story; print([draw_story(7, n) for n in (79, 3)])"
    environment = {**os.environ, "PYTHONHASHSEED": "1234"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        timeout=HANG,
        check=True,
    )
    assert done.stdout.strip() == repr([DRAWN[79], DRAWN[3]])


def test_other_numbers_give_other_stories() -> None:
    assert len({repr(story) for story in DRAWN}) > 75
    assert draw_story(8, 3) != draw_story(7, 3)


def test_a_story_comes_back_from_its_file_as_it_was() -> None:
    for story in DRAWN:
        assert from_text(to_yaml(story, ["a remark"])) == story
        assert from_data(json.loads(json.dumps(to_data(story)))) == story


def test_every_kind_of_fault_is_drawn_and_so_is_everything_a_model_can_say() -> None:
    stories = [draw_story(0, run) for run in range(1500)]
    faults = {one.fault.name for story in stories for act in story.acts for one in act.faults}
    assert set(catalogue()) - faults == {"tls_failure"}  # which needs a server that speaks TLS
    asks = [ask for story in stories for ask in story.asks]
    kinds = {key for ask in asks for step in ask.answer for item in step for key in item}
    assert {"text", "refusal", "call", "reasoning"} <= kinds
    assert max(sum("call" in item for item in step) for ask in asks for step in ask.answer) == 3
    assert {ask.cut_in is not None for ask in asks} == {True, False}
    assert any(act.faults for story in stories for act in story.acts if isinstance(act, Pause))
    assert {len(story.asks) for story in stories} == {1, 2, 3, 4, 5}


def test_half_of_the_stories_have_what_a_real_model_or_line_does_besides() -> None:
    stories = [draw_story(0, run) for run in range(1500)]
    asks = [ask for story in stories for ask in story.asks]
    faults = [one for story in stories for act in story.acts for one in act.faults]
    pauses = [act.seconds for story in stories for act in story.acts if isinstance(act, Pause)]
    assert any(max(ask.takes, default=0) > 2 for ask in asks)
    assert any(not ask.text.isascii() for ask in asks)
    assert any(sum("text" in item for item in ask.answer[-1]) == 2 for ask in asks)
    assert any(len(ask.answer) > 1 and "refusal" in ask.answer[-1][0] for ask in asks)
    assert {one.times for one in faults} >= {1, 2, 3}
    assert any(one.trigger.phase == "idle" for ask in asks for one in ask.faults)
    assert any((one.trigger.turn or 0) > 2 for one in faults)
    assert any("content_filter" in repr(one.fault) for one in faults)
    assert any(3290 < seconds < 3300 for seconds in pauses)
    same = {
        user: {repr((ask.answer, ask.takes)) for ask in story.asks if ask.user == user}
        for story in stories
        for user in {ask.user for ask in story.asks}
    }
    assert {len(each) for each in same.values()} == {1}


def test_a_story_is_a_scenario_with_its_whole_answers() -> None:
    story = next(each for each in DRAWN if any(ask.cut_in is None and ask.answerable for ask in each.asks))
    scenario = replace(story, name="found", sentence="Found.").scenario()
    assert (scenario.name, scenario.sentence) == ("found", "Found.")
    for ask, act in zip(story.asks, (act for act in scenario.acts if isinstance(act, Say)), strict=True):
        assert act.text == ask.user
        assert (act.cut_in is not None) == (ask.cut_in is not None)
        if ask.answerable:
            assert act.answer == ask.text


WRITTEN = """
story: mine
sentence: Written by hand.
pace: 0.1
acts:
- user: Hello?
  answer: Hello to you.
  cut_in: {words: 2}
- pause: 2
  faults:
  - {at: {phase: idle, at: 1}, do: reset}
- user: And now?
  answer:
  - [{call: look_up, arguments: {topic: now}}]
  - [Nothing is new.]
  faults:
  - {at: {event: terminal}, do: {delay: {seconds: 1}}, times: 2}
"""


def test_where_the_model_thinks_its_thoughts_are_asked_for_and_it_may_take_longer() -> None:
    plain = Story((Ask("Hello?", (({"text": "Hello."},),)),))
    thinking = Story((Ask("Hello?", (({"reasoning": "Who is it?"}, {"text": "Hello."}),)),))
    assert (plain.scenario().thinks, thinking.scenario().thinks) == (False, True)
    assert thinking.scenario().bound > plain.scenario().bound


def test_a_story_can_be_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    assert load(path).expected == [None, "Nothing is new."]
    story = from_text(WRITTEN)
    assert story.asks[0] == Ask("Hello?", (({"text": "Hello to you."},),), (), story.asks[0].cut_in)
    assert story.acts[1].faults[0].fault.name == "reset"
    assert story.asks[1].faults[0].times == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("acts:", "scenes:"), "'scenes' in a story; expected one of"),
        (("pause: 2", "pause: soon"), "mine.yaml:9: found the text 'soon'; expected pause in seconds"),
        (("look_up,", "book,"), "found a call of 'book'; expected calls of look_up"),
        (("do: reset", "do: rest"), "mine.yaml:11: found an invalid fault (no fault is called 'rest'"),
        (("words: 2", "words: two"), "expected words as a whole number"),
        (("  - [Nothing is new.]\n", ""), "found a call in the last step"),
        (("story: mine", "story: [mine"), "expected YAML"),
        (("event: terminal", "even: terminal"), "found the key 'even' in a trigger"),
        (("answer: Hello to you.", "says: Hello"), "found the key 'says' in an act"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(
    tmp_path: Path, change: tuple[str, str], expected: str
) -> None:
    path = tmp_path / "mine.yaml"
    assert change[0] in WRITTEN
    path.write_text(WRITTEN.replace(*change), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load(path)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_of_stories_and_scenarios_is_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(to_yaml(Story(DRAWN[0].acts, name="second")), encoding="utf-8")
    (tmp_path / "a.py").write_text(
        "from ninelives.lab.scenarios import scenarios\nSCENARIO = scenarios()['idle_reset']\n",
        encoding="utf-8",
    )
    (tmp_path / "notes.txt").write_text("not a story", encoding="utf-8")
    assert load_all(str(tmp_path)) == [scenarios()["idle_reset"], load(str(tmp_path / "b.yaml"))]
    for place, expected in (
        (tmp_path / "notes.txt", "is not a scenario file"),
        (tmp_path / "nowhere.yaml", "cannot be read"),
        (tmp_path / "nowhere.py", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=expected):
            load_all(place)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has no scenario file"):
        load_all(tmp_path / "empty")


@pytest.mark.parametrize(("when", "kept"), [("after", "I5"), ("before", "I6")])
def test_a_chunk_that_cannot_be_read_breaks_only_what_comes_before_it(when: str, kept: str) -> None:
    """Found by exploration: one behind the terminal event, at its very moment, counted as a loss."""
    story = from_text(
        "story: bad_chunk\ntransports: [http]\nacts:\n- user: Hello?\n  answer: Hello to you.\n"
        f"  faults: [{{at: {{event: terminal, when: {when}}}, do: bad_chunk}}]\n"
    )
    outcome = run_scenario(story.scenario(), http)
    assert outcome.held
    held = {each.promise: each.held for each in outcome.findings}
    assert [held["I5"], held["I6"]] == [True if kept == each else None for each in ("I5", "I6")]
