"""`ninelives explore`: what it prints and keeps, that this plays again, and that it can be stopped."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ninelives.cli import _run
from ninelives.commands import quiet

from tests.effort import HANG

BOT = """
from ninelives.lab.services import KEY
from pipecat_responses import OpenAIResponsesHttpLLMService


class Impatient(OpenAIResponsesHttpLLMService):
    def _delay_before_next(self, turn, failure):
        return None


def make(base_url, ws_url):
    return Impatient(api_key=KEY, base_url=base_url)
"""


@pytest.fixture(autouse=True)
def in_a_folder_with_a_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(quiet, "quiet", lambda: None)  # the logging of this process is the test run's
    for name in ("impatient", "steady"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "impatient.py").write_text(BOT, encoding="utf-8")


def ninelives(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, str, str]:
    code = _run(shlex.split(line))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.thorough
def test_a_breach_is_printed_on_a_screen_kept_as_a_file_and_breaks_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = ninelives(
        capsys,
        "explore impatient:make --runs 3 --seed 30 --jobs 1 --until-broken --tries 3 --html --out kept",
    )
    assert code == 1
    assert "✗ I5  If nothing had been spoken when it broke" in out
    for words in (
        "turn 1, the user:",
        "was heard:",
        "reported:",
        "I5 broken:",
        "promises were broken in 1 of",
    ):
        assert words in out
    (spec,) = (tmp_path / "kept").glob("i5_*.yaml")
    again = f"verdict impatient:make --scenario-file kept/{spec.name}"
    assert f"again    ninelives {again}" in out
    assert "found by ninelives explore impatient:make --runs 1 --seed 30" in out
    assert (tmp_path / "kept" / "timelines.html").stat().st_size > 10_000
    code, out, _ = ninelives(capsys, again)
    assert code == 1
    assert "✗ I5" in out
    assert "was heard:" in out
    assert ninelives(capsys, f"verdict ninelives.lab.services:http --scenario-file kept/{spec.name}")[0] == 0
    schema, found_by, *_ = spec.read_text(encoding="utf-8").splitlines()
    assert schema.startswith("# yaml-language-server: $schema=https://")
    assert found_by.startswith("# Found by: ninelives explore impatient:make --runs 1")


@pytest.mark.thorough
def test_nothing_of_an_earlier_exploration_is_lost(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = "explore impatient:make --seed 30 --jobs 1 --tries 1 --out kept "
    out = ninelives(capsys, line + "--runs 3 --until-broken")[1]
    kept, journal = next((tmp_path / "kept").glob("*.yaml")), (tmp_path / "kept/runs-30.jsonl").read_bytes()
    spec = kept.read_bytes()
    again = next(each for each in out.splitlines() if "found by" in each).partition("ninelives ")[2]
    assert ninelives(capsys, again)[0] == 1
    assert (tmp_path / "kept/runs-30.jsonl").read_bytes() == journal  # one run beside it is another file
    assert [each.read_bytes() for each in (tmp_path / "kept").glob("*.yaml")] == [spec]
    kept.write_text(kept.read_text(encoding="utf-8").replace("steps:", "seed: 5\nacts:"), encoding="utf-8")
    assert ninelives(capsys, line + "--runs 3 --until-broken")[0] == 1
    assert (tmp_path / "kept/runs-30.before.jsonl").read_bytes() == journal
    second = kept.with_stem(f"{kept.stem}_2")
    assert f"scenario: {second.stem}" in second.read_text(encoding="utf-8")
    assert "seed: 5" in kept.read_text(encoding="utf-8")  # another scenario of that name


def test_promises_that_are_kept_are_exit_code_zero(capsys: pytest.CaptureFixture[str]) -> None:
    line = "explore ninelives.lab.services:http --runs 2 --seed 1 --jobs 1"
    code, out, _ = ninelives(capsys, line)
    assert code == 0
    assert "every promise was kept in 2 random scenarios of seed 1" in " ".join(out.split())
    assert Path("ninelives-explore/runs-1.jsonl").is_file()
    assert ninelives(capsys, line)[0] == 0  # a journal that is complete is begun anew


def test_what_the_documentation_shows_is_what_is_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to/explore.md").read_text(encoding="utf-8")
    code, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.setenv("COLUMNS", "132")
    monkeypatch.delitem(sys.modules, "my_bot", raising=False)
    (tmp_path / "my_bot.py").write_text(code, encoding="utf-8")
    (sample,) = re.findall(r"```console\n(✗ I5.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"found by ninelives (.*)", sample)
    out = ninelives(capsys, f"{command} --jobs 1")[1]
    for line in sample.splitlines():
        told = line.partition("[…]")[0].rstrip()
        if " runs (" in line:
            told = told.partition("; ")[2]  # how many showed it depends on how many were played
        assert told in out
    (spec,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (kept,) = re.findall(r"kept +(\S+)", sample)
    assert (tmp_path / kept).read_text("utf-8").endswith(spec)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("explore nowhere:make", "'nowhere' cannot be imported"),
        ("explore ninelives.lab.services:http --executor mainframe", "no executor is called 'mainframe'"),
        ("explore ninelives.lab.services:http --resume gone.jsonl", "gone.jsonl cannot be read"),
        ("explore ninelives.lab.services:http --resume impatient.py", "impatient.py:1 is not a line"),
        ("explore ninelives.lab.services:http --runs 0", "--runs"),
        ("verdict ninelives.lab.services:http --scenario-file gone.yaml", "gone.yaml cannot be read"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], line: str, expected: str) -> None:
    code, out, err = ninelives(capsys, line)
    assert (code, out) == (2, "")
    assert expected in err
    assert err.count("\n") == 1


STRUCK = """
import asyncio, os, signal

import anyio
from ninelives.lab.services import KEY
from pipecat_responses import OpenAIResponsesHttpLLMService

started = 0


class Struck(OpenAIResponsesHttpLLMService):
    async def start(self, frame):
        global started
        await super().start(frame)
        started += 1
        self.group = self.create_task(self.in_a_group())

    async def in_a_group(self):
        async with anyio.create_task_group() as group:
            group.start_soon(self.strike)
            await anyio.sleep(3600)

    async def strike(self):
        if started == 15:
            os.kill(os.getpid(), signal.SIGINT)
            sum(range(1000))
        await anyio.sleep(3600)

    async def cleanup(self):
        await super().cleanup()
        await self.cancel_task(self.group)


def make(base_url, ws_url):
    return Struck(api_key=KEY, base_url=base_url)
"""


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_a_signal_that_comes_in_a_group_of_tasks_ends_the_exploration_in_order(tmp_path: Path) -> None:
    (tmp_path / "struck.py").write_text(STRUCK, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ninelives", "explore", "struck:make", "--runs", "50", "--jobs", "1"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    line = "ninelives explore struck:make --runs 50 --seed 0 --jobs 1"
    told = [
        "ninelives: interrupted; 8 of 50 runs are finished",
        f"continue with: {line} --resume ninelives-explore/runs-0.jsonl",
    ]
    assert (done.returncode, done.stdout, done.stderr.split("\n")) == (130, "", [*told, ""])
    assert len((tmp_path / "ninelives-explore" / "runs-0.jsonl").read_text().splitlines()) == 9


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_says_what_is_done_and_how_to_go_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "ninelives.cli", "explore", "ninelives.lab.services:http"]
    process = subprocess.Popen(
        [*command, "--runs", "2000", "--seed", "3", "--jobs", "1"], stderr=subprocess.PIPE, text=True
    )
    journal = tmp_path / "ninelives-explore" / "runs-3.jsonl"
    while not (journal.exists() and len(journal.read_bytes().splitlines()) > 4):
        assert process.poll() is None, "it ended and wrote nothing down"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=HANG)
    assert process.returncode == 130
    kept = len(journal.read_text(encoding="utf-8").splitlines()) - 1
    assert f"interrupted; {kept} of 2000 runs are finished" in said
    line = "explore ninelives.lab.services:http --runs 2000 --seed 3 --jobs 1"
    assert f"continue with: ninelives {line} --resume ninelives-explore/runs-3.jsonl" in said
    code, _, err = ninelives(capsys, line)
    assert code == 2
    assert f"holds {kept} runs of an earlier exploration; continue it with --resume" in err
