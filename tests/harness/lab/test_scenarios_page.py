"""docs/how-to/judge-a-bot.md does what it says: its bot runs ten scenarios, and its lines make tests."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.effort import HANG

PAGE = (Path(__file__).parents[3] / "docs" / "how-to/judge-a-bot.md").read_text()
BLOCKS = re.findall(r"```(?:python|ini)\n(.*?)```", PAGE, re.DOTALL)


def block(beginning: str) -> str:
    return next(each for each in BLOCKS if beginning in each.partition("\n")[0] or each.startswith(beginning))


@pytest.mark.thorough
def test_the_bot_of_the_page_runs_ten_scenarios(tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").write_text(block("# my_bot.py"))
    ten = subprocess.run(
        [sys.executable, "-m", "ninelives.cli", "verdict", "my_bot:run_bot", "--scenario", "reset_before_*"],
        cwd=tmp_path, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    assert ten.returncode == 0, ten.stdout + ten.stderr
    many = re.search(r"every promise was kept in (\d+) scenarios", ten.stdout)
    assert many is not None
    assert int(many[1]) >= 10


@pytest.mark.thorough
def test_the_lines_of_the_page_make_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(my_bot=block("# my_bot.py"), test_mine=block("# any test file"))
    pytester.makeconftest(block("# conftest.py"))
    counted = pytester.runpytest_subprocess("--collect-only", "-q", "-p", "no:randomly").stdout.str()
    assert counted.count("scenarios::") > 140
    assert "test_mine.py::test_my_bot[idle_close]" in counted
    pytester.makeconftest("")
    pytester.makeini(block("# pytest.ini").partition("\n")[2])
    counted = pytester.runpytest_subprocess("--collect-only", "-q", "-p", "no:randomly").stdout.str()
    assert "scenarios::reset_in_mid_sentence" in counted
    assert "scenarios::idle_close" not in counted


def test_the_scenario_of_the_page_is_the_one_in_its_chapter() -> None:
    shown = block("from ninelives.lab.points")
    names: dict[str, Any] = {}
    exec(compile(shown, "docs/how-to/judge-a-bot.md", "exec"), names)
    from ninelives.lab.scenarios import scenarios

    assert replace(names["reset"], chapter="in mid-sentence") == scenarios()["reset_in_mid_sentence"]


def test_every_command_and_option_of_the_page_exists() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "ninelives.cli", "verdict", "--help"],
        capture_output=True, text=True, timeout=HANG, check=True,
    ).stdout  # fmt: skip
    for option in ("--scenario", "--html", "--json", "--markdown"):
        assert option in told
        assert option in PAGE
