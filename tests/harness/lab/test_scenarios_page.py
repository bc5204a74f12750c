"""The pages on scenarios do what they say: the bot runs ten of them, and the lines shown make tests."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.effort import HANG
from tests.pages import DOCS, saved

JUDGING = "how-to/judge-a-bot.md"


@pytest.mark.thorough
def test_the_bot_of_the_page_runs_ten_scenarios(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(saved("start/pipecat.md", "bot.py"))
    ten = subprocess.run(
        [sys.executable, "-m", "ninelives.cli", "verdict", "bot:run_bot", "--scenario", "reset_before_*"],
        cwd=tmp_path, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    assert ten.returncode == 0, ten.stdout + ten.stderr
    many = re.search(r"every promise was kept in (\d+) scenarios", ten.stdout)
    assert many is not None
    assert int(many[1]) >= 10


@pytest.mark.thorough
def test_the_lines_of_the_page_make_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(bot=saved("start/pipecat.md", "bot.py"), test_mine=saved(JUDGING, "test_survival.py"))
    pytester.makeconftest(saved(JUDGING, "conftest.py"))
    counted = pytester.runpytest_subprocess("--collect-only", "-q", "-p", "no:randomly").stdout.str()
    assert counted.count("scenarios::") > 140
    assert "test_mine.py::test_it_survives[idle_close]" in counted
    pytester.makeconftest("")
    pytester.makeini(saved(JUDGING, "pytest.ini"))
    counted = pytester.runpytest_subprocess("--collect-only", "-q", "-p", "no:randomly").stdout.str()
    assert "scenarios::reset_in_mid_sentence" in counted
    assert "scenarios::idle_close" not in counted


def test_the_scenario_of_the_page_is_the_one_in_its_chapter() -> None:
    shown = saved("how-to/write-a-scenario.md", "scenario.py")
    names: dict[str, Any] = {}
    exec(compile(shown, "scenario.py", "exec"), names)
    from ninelives.lab.scenarios import scenarios

    assert replace(names["reset"], chapter="in mid-sentence") == scenarios()["reset_in_mid_sentence"]


def test_every_command_and_option_of_the_page_exists() -> None:
    page = (DOCS / JUDGING).read_text("utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "ninelives.cli", "verdict", "--help"],
        capture_output=True, text=True, timeout=HANG, check=True,
    ).stdout  # fmt: skip
    for option in ("--scenario", "--html", "--json", "--markdown"):
        assert option in told
        assert option in page
