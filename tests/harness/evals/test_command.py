"""`ninelives eval`, `verdict` and `explore` on the command line: what they print, write and exit with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ninelives.cli import _run

from tests.effort import HANG
from tests.harness.evals.stage import BOT, FILES, HERE, PIPECATS
from tests.terminal import run_here

SCRIPT = ["--script", str(FILES / "script.yaml")]


def ninelives(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_here(_run, arguments, columns=200, cwd=cwd)


def test_one_line_a_run_with_evals_result_beside_the_promises(tmp_path: Path) -> None:
    found = ninelives(
        "eval", str(FILES / "weather.yaml"), "--bot", PIPECATS, *SCRIPT, "--scenario", "paris",
        "--faults", "reset_in_mid_sentence", "--junit", "r.xml", "--json", "r.json", "--html", "r.html",
        "--github", cwd=tmp_path,
    )  # fmt: skip
    assert found.returncode == 1, found.stderr
    plain, broken, *_ = found.stdout.splitlines()
    assert plain.split()[:3] == ["weather/paris", "eval", "passed"]
    assert plain.endswith("promises kept")
    assert broken.split()[:6] == ["weather/paris", "x", "reset_in_mid_sentence", "eval", "passed", "I1"]
    assert re.search(r'"You are.*You are', broken)
    assert "::error file=" in found.stdout
    cases = ElementTree.parse(tmp_path / "r.xml").getroot().findall(".//testcase")
    assert [each.get("name") for each in cases] == ["weather/paris", "weather/paris x reset_in_mid_sentence"]
    first, second = json.loads((tmp_path / "r.json").read_text())
    assert (first["eval"], first["good"], second["fault"], second["good"]) == (
        "passed", True, "reset_in_mid_sentence", False,
    )  # fmt: skip
    assert "reset in mid sentence" in (tmp_path / "r.html").read_text()


@pytest.mark.thorough
def test_repetitions_are_told_as_a_rate(tmp_path: Path) -> None:
    found = ninelives(
        "eval", str(FILES / "weather.yaml"), "--bot", BOT, *SCRIPT, "--scenario", "paris", "--repeat", "3",
        cwd=tmp_path,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout
    assert "weather/paris  3/3 passed" in found.stdout


@pytest.mark.thorough
def test_repeated_runs_that_fail_alike_are_shown_once(tmp_path: Path) -> None:
    turn = 'user: "Hello.", expect: [{event: response, text_contains: never said}]'
    (tmp_path / "no.yaml").write_text(f"name: never\nscenarios: [{{name: b, turns: [{{{turn}}}]}}]\n")
    found = ninelives("eval", "no.yaml", "--bot", BOT, *SCRIPT, "--repeat", "2", cwd=tmp_path)
    assert found.returncode == 1
    assert "never/b  0/2 passed" in found.stdout
    assert "never/b (2 runs)" in found.stdout
    assert found.stdout.count("✗ eval: turn 1: llm_response: not satisfied") == 1


INTERRUPTED = """
import signal
from pipecat.frames.frames import LLMContextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat_responses import OpenAIResponsesLLMService

class CtrlC(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            signal.raise_signal(signal.SIGINT)
        await self.push_frame(frame, direction)

def make(base_url, ws_url):
    user, assistant = LLMContextAggregatorPair(LLMContext())
    return Pipeline([user, CtrlC(), OpenAIResponsesLLMService(api_key="any", ws_url=ws_url), assistant])
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    "options", [[], ["--real-time"], ["--record", "--upstream", "http://127.0.0.1:9/v1"]]
)
def test_ctrl_c_ends_the_command_and_not_the_harness_alone(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "bot.py").write_text(INTERRUPTED)
    turn = 'user: "Hello.", expect: [{event: response}]'
    (tmp_path / "hello.yaml").write_text(f"name: a\nscenarios: [{{name: b, turns: [{{{turn}}}]}}]\n")
    command = [sys.executable, "-m", "ninelives", "eval", "hello.yaml", "--bot", "bot.py:make", *options]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=HANG, check=False)
    assert ran.returncode == 130, ran.stdout + ran.stderr
    assert "eval " not in ran.stdout
    if "--record" in options:
        assert ran.stderr.splitlines()[-1].startswith("ninelives: a/b was not recorded")


CHAT_BOT = """
from pipecat.services.openai.llm import OpenAILLMService

def make(base_url, ws_url):
    return OpenAILLMService(api_key="any", base_url=base_url)
"""


def test_a_bot_is_told_its_own_lines_though_another_was_loaded_before(tmp_path: Path) -> None:
    """In one process, as in a suite: each bot's file has the same class in another line."""
    turns = "turns: [{user: Hello, expect: [{event: response}]}]"
    (tmp_path / "hello.yaml").write_text(f"name: hello\n{turns}\n")
    for number in range(2):
        (tmp_path / f"bot_{number}.py").write_text("\n" * number + CHAT_BOT)
    (tmp_path / "suite.yaml").write_text(
        "scenarios_dir: .\nsuite:\n"
        + "".join(f"  - {{bot: bot_{number}.py, scenarios: [hello]}}\n" for number in range(2))
    )
    ran = run_here(_run, ("eval", "suite.yaml"), columns=200, cwd=tmp_path)
    places = re.findall(r"(bot_\d\.py:\d+)  from pipecat_responses", ran.stdout)
    assert places == ["bot_0.py:2", "bot_1.py:3"], ran.stdout


def test_a_suite_shows_once_what_a_bot_must_change_and_plays_the_others(tmp_path: Path) -> None:
    (tmp_path / "chat_bot.py").write_text(CHAT_BOT)
    turns = "turns: [{user: Hello, expect: [{event: response}]}]"
    (tmp_path / "hello.yaml").write_text(
        f"name: hello\nscenarios:\n  - name: one\n    {turns}\n  - name: two\n    {turns}\n"
    )
    (tmp_path / "suite.yaml").write_text(
        "scenarios_dir: .\nsuite:\n"
        "  - {bot: chat_bot.py, name: chat, scenarios: [hello]}\n"
        f"  - {{bot: '{HERE}/weather_bot.py', name: weather, scenarios: [hello]}}\n"
    )
    ran = run_here(_run, ("eval", "suite.yaml", "--junit", "r.xml"), columns=200, cwd=tmp_path)
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.count("uses Chat Completions (OpenAILLMService)") == 4  # a line and a reason a run
    shown = [line for line in ran.stdout.splitlines() if "import OpenAIResponsesLLMService" in line]
    assert len(shown) == 2, shown  # ours, and Pipecat's own
    assert ran.stdout.count("weather: hello/two  eval passed") == 1
    first, *_ = ElementTree.parse(tmp_path / "r.xml").getroot().iter("testcase")
    assert "import OpenAIResponsesLLMService" in ElementTree.tostring(first, "unicode")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bad.yaml", "--bot", BOT], "bad.yaml:1: Pipecat refuses this file: missing or invalid"),
        ([str(FILES / "weather.yaml"), "--bot", f"{HERE}/weather_bot.py:run_broken", "--scenario", "paris"],
         "could not start: RuntimeError: no such voice"),
        ([str(FILES / "weather.yaml"), "--bot", "nowhere.py"], "nowhere.py cannot be read"),
        ([str(FILES / "weather.yaml"), "--bot", BOT, "--record"], "--record needs --upstream URL"),
        ([str(FILES / "weather.yaml"), "--bot", BOT, "--scenario", "x"], "no scenario is called 'x'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "bad.yaml").write_text("scenarios: []\n")
    found = ninelives("eval", *arguments, cwd=tmp_path)
    assert found.returncode == 2, found.stdout + found.stderr
    assert told in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert "Traceback" not in found.stderr


@pytest.mark.thorough
def test_verdict_and_explore_write_the_same_reports(tmp_path: Path) -> None:
    service = "ninelives.lab.services:pipecat_websocket"
    judged = ninelives(
        "verdict", service, "--scenario", "reset_in_*", "--junit", "v.xml", "--github", cwd=tmp_path
    )
    assert judged.returncode == 1
    assert "::error title=" in judged.stdout
    root = ElementTree.parse(tmp_path / "v.xml").getroot()
    assert int(root.get("failures", "0")) >= 1
    assert "reset_in_mid_sentence" in {each.get("name") for each in root.iter("testcase")}
    explored = ninelives(
        "explore", service, "--runs", "20", "--tries", "3", "--jobs", "1", "--junit", "e.xml", cwd=tmp_path
    )
    assert explored.returncode == 1
    first, *breaches = ElementTree.parse(tmp_path / "e.xml").getroot().iter("testcase")
    assert "of 20 random scenarios" in str(first.get("name"))
    assert breaches
