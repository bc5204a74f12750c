"""Files that no program could read, and places that take nothing: each command says so in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mock_openai.files import open_file
from ninelives.cli import _run
from ninelives.commands.files import write_text
from ninelives.commands.init import _write
from ninelives.commands.reports import write_each
from ninelives.lab.exploration.run_journal import RunJournal, Task
from ninelives.starter import File
from ninelives.usage_error import UsageError

from tests.effort import HANG
from tests.harness.cli.test_full_disk import lines, no_file_beyond
from tests.repository import ROOT
from tests.terminal import run_here

BOT = str(ROOT / "examples" / "evals" / "hours_bot.py")
SERVICE = "pipecat_responses:OpenAIResponsesLLMService"
READERS = {
    "show": ["show", "FILE.jsonl"],
    "show another format": ["show", "FILE.har"],
    "diff": ["diff", "FILE.jsonl", "FILE.jsonl"],
    "convert": ["convert", "FILE.yaml", "out.jsonl"],
    "lint --usage": ["lint", "talk.jsonl", "--usage", "FILE.json"],
    "reproduce": ["reproduce", "FILE.jsonl", "--bot", BOT],
    "verdict --scenario-file": ["verdict", SERVICE, "--scenario-file", "FILE.yaml"],
    "verdict --pace": ["verdict", SERVICE, "--pace", "FILE.json"],
    "explore --resume": ["explore", SERVICE, "--resume", "FILE.jsonl"],
    "eval": ["eval", "FILE.yaml", "--bot", BOT],
}


def refused(arguments: list[str], folder: Path) -> str:
    (folder / "talk.jsonl").write_bytes(b"".join(lines(1)))
    ran = run_here(_run, arguments, columns=200, cwd=folder)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    return ran.stderr


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_that_nobody_writes_into_is_not_waited_for(name: str, tmp_path: Path) -> None:
    arguments = [each.replace("FILE", "pipe") for each in READERS[name]]
    for each in arguments:
        if each.startswith("pipe") and not (tmp_path / each).exists():
            os.mkfifo(tmp_path / each)
    assert "pipe." in refused(arguments, tmp_path)


def test_a_pipe_with_a_writer_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    with open_file(path) as file:  # the writer has said nothing yet
        os.write(writer, b"once")
        os.close(writer)
        assert file.read() == b"once"
    with pytest.raises(OSError, match="no program writes"):
        open_file(path)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "a: " + "x" * 2_000_000, "- a\n" * 240_000]
)
def test_an_eval_file_has_bounds(text: str, tmp_path: Path) -> None:
    (tmp_path / "talk.yaml").write_text(text)
    assert "talk.yaml" in refused(["eval", "talk.yaml", "--bot", BOT], tmp_path)


def test_a_page_for_a_pipe_that_nobody_reads_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe cannot be written"):
        write_text(tmp_path / "pipe", "page")


def test_a_pipe_as_target_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.har")
    assert "a device or pipe" in refused(["convert", "talk.jsonl", "pipe.har"], tmp_path)
    assert (tmp_path / "pipe.har").is_fifo()


@pytest.mark.parametrize("text", ['{"a": 1}', "words", "\0\0\0", "[" * 10_000])
def test_a_file_of_one_line_that_is_no_journal_is_not_emptied(text: str, tmp_path: Path) -> None:
    path = tmp_path / "precious.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a journal"):
        RunJournal(path, Task("a service", seed=1, runs=1))
    assert path.read_text() == text


@pytest.mark.parametrize("kept", [0, 5, 40])
def test_a_journal_of_which_little_was_written_begins_again(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    task = Task("a service", seed=1, runs=1)
    RunJournal(path, task).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    RunJournal(path, task).close()
    assert path.read_bytes() == whole


def test_a_report_that_cannot_be_written_does_not_prevent_the_others(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="full cannot be written"):
        write_each(
            lambda: write_text(Path("/dev/full"), "x"), lambda: write_text(tmp_path / "junit.xml", "<x/>")
        )
    assert (tmp_path / "junit.xml").read_text() == "<x/>"


def test_init_leaves_no_half_file(tmp_path: Path) -> None:
    with no_file_beyond(10), pytest.raises(UsageError, match="cannot be written"):
        _write(tmp_path, [File("tests/test_bot.py", "words " * 1000)])
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("module", "arguments"), [("ninelives", ["schema", "faults"]), ("mock_openai", ["--version"])]
)
def test_an_output_that_takes_nothing_is_one_line(module: str, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=HANG,
        )
    assert ran.returncode == 2
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "the output cannot be written (No space left on device)" in ran.stderr
