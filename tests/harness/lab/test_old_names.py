"""Old names that users' scenario files and tests were written with."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from ninelives.cli import main
from ninelives.lab import Episode, Outcome, as_tests, exploration, scenario_file, triggers
from ninelives.lab.dialogue import between, hello
from ninelives.lab.scenario import Scenario
from ninelives.lab.services import http
from ninelives.usage_error import UsageError

OLD = "story: mine\nacts:\n- {user: Hello?, answer: Hello to you.}\n"
NEW = "scenario: mine\nsteps:\n- {user: Hello?, answer: Hello to you.}\n"


def test_points_are_triggers_and_say_so() -> None:
    points = importlib.import_module("ninelives.lab.points")
    with pytest.warns(DeprecationWarning, match=r"points\.REQUEST is now called .*triggers\.REQUEST"):
        assert points.REQUEST is triggers.REQUEST
    with pytest.raises(ImportError, match="NOWHERE"):
        exec("from ninelives.lab.points import NOWHERE", {})


def test_the_old_keys_of_a_scenario_file_are_read_and_say_where_they_are() -> None:
    with pytest.warns(DeprecationWarning, match="is now called") as seen:
        old = scenario_file.from_text(OLD, "mine.yaml")
    assert [str(each.message).partition(";")[0] for each in seen] == [
        "mine.yaml:1: 'story' is now called 'scenario'",
        "mine.yaml:2: 'acts' is now called 'steps'",
    ]
    assert old == scenario_file.from_text(NEW)
    assert "scenario: mine" in scenario_file.to_yaml(old)


@pytest.mark.parametrize(("old", "new"), [("story", "scenario"), ("acts", "steps")])
def test_a_file_with_an_old_key_and_its_new_one_is_refused(old: str, new: str) -> None:
    both = f"{NEW}{old}: again\n"
    with pytest.raises(
        UsageError, match=rf"mine.yaml:\d+: found both '{old}' and '{new}'; .* remove '{old}'"
    ):
        scenario_file.from_text(both, "mine.yaml")


def test_the_command_line_shows_old_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text(f"{OLD}pace: fast\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["verdict", "ninelives.lab.services:http", "--scenario-file", str(tmp_path / "mine.yaml")])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "mine.yaml:2: 'acts' is now called 'steps'; the old name stops" in said
    assert "mine.yaml:4: found the text 'fast'" in said
    with pytest.raises(SystemExit):
        main(["schema", "story"])
    printed = capsys.readouterr()
    assert '"ninelives scenario"' in printed.out
    assert "ninelives schema story is now called ninelives schema scenario" in printed.err


def test_scenarios_in_python_take_acts_and_say_so() -> None:
    with pytest.warns(DeprecationWarning, match=r"Scenario\(acts=...\) is now called Scenario\(steps=...\)"):
        old = Scenario("mine", "Mine.", acts=between(hello()), script=())  # type: ignore[call-arg]
    with pytest.warns(DeprecationWarning, match=r"Scenario\.acts is now called Scenario\.steps"):
        assert old.acts == old.steps == between(hello())


def test_names_of_modules_that_were_called_stories() -> None:
    stories = importlib.import_module("ninelives.lab.story_file")
    with pytest.warns(DeprecationWarning, match=r"story_file\.load is now called .*scenario_file\.load"):
        assert stories.load is scenario_file.load
    with pytest.warns(DeprecationWarning, match=r"draw_story is now called .*draw_scenario"):
        assert exploration.draw_story is exploration.draw_scenario


def test_tests_of_stories_are_tests_of_scenario_files(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(NEW, encoding="utf-8")
    with pytest.warns(DeprecationWarning, match=r"as_tests\(stories=...\) is now called .*scenario_files"):
        test = as_tests(http, stories=tmp_path)
    assert [each.id for each in test.pytestmark[0].args[1]] == ["mine"]  # type: ignore[attr-defined]


def test_an_outcome_that_was_told_applies() -> None:
    outcome = Outcome(scenario_file.from_text(NEW).scenario(), Episode([], []), [], transport="http")
    with pytest.warns(DeprecationWarning, match=r"Outcome\.told is now called Outcome\.applies"):
        assert outcome.told is outcome.applies is True
