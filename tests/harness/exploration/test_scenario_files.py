"""Scenario files: pure data, the same for the same two numbers, written to files and read again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mock_openai.faults import catalogue
from ninelives.commands.explore import file_for
from ninelives.lab import run_scenario
from ninelives.lab.exploration import draw_scenario
from ninelives.lab.scenario import Say
from ninelives.lab.scenario_file import from_data, from_text, load, load_all, to_data, to_yaml
from ninelives.lab.scenario_spec import Ask, Pause, ScenarioSpec
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import http
from ninelives.usage_error import UsageError

from tests.effort import HANG

DRAWN = [draw_scenario(7, run) for run in range(80)]


def test_the_same_two_numbers_give_the_same_scenario_in_another_process() -> None:
    program = (
        "from ninelives.lab.exploration import draw_scenario; print([draw_scenario(7, n) for n in (79, 3)])"
    )
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


def test_other_numbers_give_other_scenarios() -> None:
    assert len({repr(spec) for spec in DRAWN}) > 75
    assert draw_scenario(8, 3) != draw_scenario(7, 3)


def test_a_scenario_comes_back_from_its_file_as_it_was() -> None:
    for spec in DRAWN:
        assert from_text(to_yaml(spec, ["a remark"])) == spec
        assert from_data(json.loads(json.dumps(to_data(spec)))) == spec


def test_every_kind_of_fault_is_drawn_and_so_is_everything_a_model_can_say() -> None:
    scenarios = [draw_scenario(0, run) for run in range(1500)]
    faults = {one.fault.name for spec in scenarios for step in spec.steps for one in step.faults}
    assert set(catalogue()) - faults == {"tls_failure"}  # which needs a server that speaks TLS
    asks = [ask for spec in scenarios for ask in spec.asks]
    kinds = {key for ask in asks for step in ask.answer for item in step for key in item}
    assert {"text", "refusal", "call", "reasoning"} <= kinds
    assert max(sum("call" in item for item in step) for ask in asks for step in ask.answer) == 3
    assert {ask.cut_in is not None for ask in asks} == {True, False}
    assert any(step.faults for spec in scenarios for step in spec.steps if isinstance(step, Pause))
    assert {len(spec.asks) for spec in scenarios} == {1, 2, 3, 4, 5}


def test_half_of_the_scenarios_have_what_a_real_model_or_line_does_besides() -> None:
    scenarios = [draw_scenario(0, run) for run in range(1500)]
    asks = [ask for spec in scenarios for ask in spec.asks]
    faults = [one for spec in scenarios for step in spec.steps for one in step.faults]
    pauses = [step.seconds for spec in scenarios for step in spec.steps if isinstance(step, Pause)]
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
        user: {repr((ask.answer, ask.takes)) for ask in spec.asks if ask.user == user}
        for spec in scenarios
        for user in {ask.user for ask in spec.asks}
    }
    assert {len(each) for each in same.values()} == {1}


def test_what_is_played_expects_the_whole_answers_of_the_file() -> None:
    spec = next(each for each in DRAWN if any(ask.cut_in is None and ask.answerable for ask in each.asks))
    scenario = replace(spec, name="found", sentence="Found.").scenario()
    assert (scenario.name, scenario.sentence) == ("found", "Found.")
    for ask, step in zip(spec.asks, (step for step in scenario.steps if isinstance(step, Say)), strict=True):
        assert step.text == ask.user
        assert (step.cut_in is not None) == (ask.cut_in is not None)
        if ask.answerable:
            assert step.answer == ask.text


WRITTEN = """
scenario: mine
sentence: Written by hand.
pace: 0.1
steps:
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
    plain = ScenarioSpec((Ask("Hello?", (({"text": "Hello."},),)),))
    thinking = ScenarioSpec((Ask("Hello?", (({"reasoning": "Who is it?"}, {"text": "Hello."}),)),))
    assert (plain.scenario().thinks, thinking.scenario().thinks) == (False, True)
    assert thinking.scenario().bound > plain.scenario().bound


def test_a_scenario_can_be_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    assert load(path).expected == [None, "Nothing is new."]
    spec = from_text(WRITTEN)
    assert spec.asks[0] == Ask("Hello?", (({"text": "Hello to you."},),), (), spec.asks[0].cut_in)
    assert spec.steps[1].faults[0].fault.name == "reset"
    assert spec.asks[1].faults[0].times == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("steps:", "scenes:"), "'scenes' in a scenario; expected one of"),
        (("pause: 2", "pause: soon"), "mine.yaml:9: found the text 'soon'; expected pause in seconds"),
        (("look_up,", "book,"), "found a call of 'book'; expected calls of look_up"),
        (("do: reset", "do: rest"), "mine.yaml:11: found an invalid fault (no fault is called 'rest'"),
        (("words: 2", "words: two"), "expected words as a whole number"),
        (("  - [Nothing is new.]\n", ""), "found a call in the last response"),
        (("scenario: mine", "scenario: [mine"), "expected YAML"),
        (("event: terminal", "even: terminal"), "found the key 'even' in a trigger"),
        (("answer: Hello to you.", "says: Hello"), "found the key 'says' in a step"),
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


@pytest.mark.filterwarnings("ignore:.*is now called:DeprecationWarning")
def test_a_file_with_the_old_keys_is_written_again_and_no_other(tmp_path: Path) -> None:
    kept = tmp_path / "i5_reset.yaml"
    kept.write_text("# Found by: nobody\nstory: i5_reset\nacts:\n- user: hi\n  answer: Hello.\n")
    spec = from_text(kept.read_text())
    assert file_for(tmp_path, spec) == (spec, kept)
    other = replace(spec, steps=(Ask("bye", spec.asks[0].answer),))
    assert file_for(tmp_path, other)[1].name == "i5_reset_2.yaml"
    kept.write_text("no scenario")
    assert file_for(tmp_path, spec)[1].name == "i5_reset_2.yaml"


def test_a_folder_of_scenarios_and_scenarios_is_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(to_yaml(ScenarioSpec(DRAWN[0].steps, name="second")), encoding="utf-8")
    (tmp_path / "a.py").write_text(
        "from ninelives.lab.scenarios import scenarios\nSCENARIO = scenarios()['idle_reset']\n",
        encoding="utf-8",
    )
    (tmp_path / "notes.txt").write_text("not a scenario", encoding="utf-8")
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
    spec = from_text(
        "scenario: bad_chunk\ntransports: [http]\nacts:\n- user: Hello?\n  answer: Hello to you.\n"
        f"  faults: [{{at: {{event: terminal, when: {when}}}, do: bad_chunk}}]\n"
    )
    outcome = run_scenario(spec.scenario(), http)
    assert outcome.held
    held = {each.promise: each.held for each in outcome.findings}
    assert [held["I5"], held["I6"]] == [True if kept == each else None for each in ("I5", "I6")]
