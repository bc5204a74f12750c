"""Files that cannot be written: said in one line before the work begins, and what was found is not lost.

The bots of the first tests do not exist, so a command that looked for its bot first would complain of that.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mock_openai.files import refused_path
from ninelives.cassette import CassetteError
from ninelives.cassette.replacing import require_writable, write_whole
from ninelives.cli import _run
from ninelives.commands.files import append_text, require_places, write_text
from ninelives.commands.reports import Reports
from ninelives.usage_error import UsageError

from tests.effort import HANG
from tests.harness.cli.test_full_disk import lines, no_file_beyond
from tests.repository import ROOT
from tests.terminal import run_here

NOBODY = "nowhere:bot"
INCIDENT = '{"ninelives_incident":1,"broken":[],"errors":[],"bot":{"services":[]}}\n'
EVAL = "name: hello\nturns: [{user: Hello, expect: [{event: response}]}]\n"

WRITERS = {
    "record": ["record", "--cassette", "OUT", "--", "true"],
    "record --refresh": ["record", "--refresh", "OUT", "--write"],
    "scrub": ["scrub", "OUT"],
    "convert": ["convert", "talk.jsonl", "OUT"],
    "show --html": ["show", "talk.jsonl", "--html", "OUT"],
    "pace": ["pace", "talk.jsonl", "-o", "OUT"],
    "talk --html": ["talk", NOBODY, "--html", "OUT"],
    "verdict --html": ["verdict", NOBODY, "--html", "OUT"],
    "verdict --json": ["verdict", NOBODY, "--json", "OUT"],
    "verdict --junit": ["verdict", NOBODY, "--junit", "OUT"],
    "verdict --markdown": ["verdict", NOBODY, "--markdown", "OUT"],
    "verdict --github": ["verdict", NOBODY, "--github"],
    "verdict --calls --json": ["verdict", NOBODY, "--calls", "1", "--json", "OUT"],
    "explore --junit": ["explore", NOBODY, "--junit", "OUT"],
    "explore --github": ["explore", NOBODY, "--github"],
    "eval --html": ["eval", "evals.yaml", "--bot", NOBODY, "--html", "OUT"],
    "eval --json": ["eval", "evals.yaml", "--bot", NOBODY, "--json", "OUT"],
    "eval --junit": ["eval", "evals.yaml", "--bot", NOBODY, "--junit", "OUT"],
    "eval --github": ["eval", "evals.yaml", "--bot", NOBODY, "--github"],
    "reproduce --report": ["reproduce", "incident.jsonl", "--bot", NOBODY, "--report", "OUT"],
}
"""Commands that write one file."""

FOLDERS = {
    "verdict --calls --out": ["verdict", NOBODY, "--calls", "1", "--out", "OUT"],
    "explore --out": ["explore", NOBODY, "--out", "OUT"],
    "reproduce --out": ["reproduce", "incident.jsonl", "--bot", NOBODY, "--out", "OUT"],
    "demo --out": ["demo", "--out", "OUT"],
    "init": ["init", "OUT", "--yes"],
}
"""Commands that write into a folder."""


def _folder(place: Path) -> Path:
    place.mkdir()
    return place


def _below_a_file(place: Path) -> Path:
    place.write_text("")
    return place / "deeper" / place.name


def _long_name(place: Path) -> Path:
    return place.with_name("x" * 300 + place.suffix)


def _loop(place: Path) -> Path:
    place.symlink_to(place)
    return place


def _no_permission(place: Path) -> Path:
    place.parent.joinpath("closed").mkdir(mode=0o555)
    if os.access(place.parent / "closed", os.W_OK):
        pytest.skip("root may write everywhere")
    return place.parent / "closed" / place.name


NO_FILES: dict[str, Callable[[Path], Path]] = {
    "a folder": _folder,
    "below a file": _below_a_file,
    "a name too long": _long_name,
    "a loop": _loop,
    "no permission": _no_permission,
}


def refused(arguments: list[str], place: Path, folder: Path) -> str:
    """Run a command with its output at `place`; return the line that it prints. Nothing else may change."""
    (folder / "talk.jsonl").write_bytes(b"".join(lines(1)))
    (folder / "incident.jsonl").write_text(INCIDENT)
    (folder / "evals.yaml").write_text(EVAL)
    there = sorted(folder.rglob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_STEP_SUMMARY", str(place))
        given = [str(place) if each == "OUT" else each for each in arguments]
        ran = run_here(_run, given, columns=200, cwd=folder)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "nowhere" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert sorted(folder.rglob("*")) == there
    return ran.stderr


@pytest.mark.parametrize("where", NO_FILES)
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_cannot_be_written_is_known_before(name: str, where: str, tmp_path: Path) -> None:
    place = NO_FILES[where](tmp_path / ("out.har" if name == "convert" else "out.jsonl"))
    assert str(place) in refused(WRITERS[name], place, tmp_path)


@pytest.mark.parametrize("where", [each for each in NO_FILES if each != "a folder"])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_cannot_be_written_is_known_before(name: str, where: str, tmp_path: Path) -> None:
    place = NO_FILES[where](tmp_path / "out")
    assert str(place) in refused(FOLDERS[name], place, tmp_path)


@pytest.mark.parametrize("name", WRITERS)
def test_the_current_folder_may_be_gone(name: str, tmp_path: Path) -> None:
    (tmp_path / "talk.jsonl").write_bytes(b"".join(lines(1)))
    (tmp_path / "incident.jsonl").write_text(INCIDENT)
    (tmp_path / "evals.yaml").write_text(EVAL)
    given = [str(tmp_path / each) if (tmp_path / each).is_file() else each for each in WRITERS[name]]
    given += ["--out", str(tmp_path)] if name.startswith(("reproduce", "explore")) else []
    gone = tmp_path / "gone"
    gone.mkdir()

    def run(arguments: list[str]) -> int:
        gone.rmdir()
        return _run(arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_STEP_SUMMARY", "out.har")
        ran = run_here(run, ["out.har" if each == "OUT" else each for each in given], columns=200, cwd=gone)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "out.har" in ran.stderr


def test_what_is_required_of_a_place_leaves_nothing_there(tmp_path: Path) -> None:
    old = tmp_path / "old.html"
    old.write_text("old")
    require_places(None, old, tmp_path / "new.html", tmp_path / "a" / "b" / "new.html", Path("/dev/null"))
    assert [each.name for each in tmp_path.rglob("*")] == ["old.html"]
    assert old.read_text() == "old"
    with no_file_beyond(0), pytest.raises(CassetteError, match=r"File too large.*free some space"):
        require_writable(old)
    assert [each.name for each in tmp_path.rglob("*")] == ["old.html"]


def test_a_pipe_is_tried_without_ending_its_reader(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    seen = select.poll()
    seen.register(reader)
    require_places(pipe)
    assert not seen.poll(0)  # it would be the end, if a writer had come and gone
    write_text(pipe, "whole")
    assert os.read(reader, 100) == b"whole"
    os.close(reader)


ADDING = """
from pathlib import Path
from ninelives.commands.files import require_places, write_text

require_places(Path("/dev/stdout"))
print("before")
write_text(Path("/dev/stdout"), "report\\n")
print("after")
"""


@pytest.mark.parametrize("mode", ["w", "a"])
def test_a_file_that_gets_our_output_keeps_it(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("first\n")
    with path.open(mode) as log:
        subprocess.run([sys.executable, "-c", ADDING], stdout=log, check=True, timeout=HANG)
    assert path.read_text() == ("first\n" if mode == "a" else "") + "before\nreport\nafter\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_summary_that_exists_is_only_added_to(tmp_path: Path) -> None:
    """No file can be made beside it: the name of one would be too long."""
    path = tmp_path / ("s" * 250)
    path.write_text("first\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_STEP_SUMMARY", str(path))
        Reports(github=True).require_places()
        Reports(github=True).write([], "title")
    assert path.read_text().startswith("first\n")
    assert len(path.read_text()) > len("first\n")


def test_a_journal_that_is_continued_is_only_added_to(tmp_path: Path) -> None:
    (tmp_path / ("j" * 250)).write_text("{}\n")
    ran = run_here(_run, ["explore", NOBODY, "--resume", "j" * 250], columns=200, cwd=tmp_path)
    assert "nowhere" in ran.stderr
    assert "cannot be written" not in ran.stderr


def test_a_summary_may_be_a_link_to_a_file_that_is_still_to_come(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("summary.md")
    append_text(tmp_path / "link", "first\n")
    assert (tmp_path / "summary.md").read_text() == "first\n"
    assert (tmp_path / "link").is_symlink()


SERVICE = "ninelives.lab.services:http"
FULL_LATER = {
    "verdict": (
        ["verdict", SERVICE, "--scenario", "calm_*tool", "--markdown", "OUT", "--junit", "other.xml"],
        "every promise was kept",
    ),
    "verdict --calls": (
        ["verdict", SERVICE, "--calls", "1", "--jobs", "1", "--out", "."],
        "every promise was kept",
    ),
    "eval": (
        [
            "eval",
            str(ROOT / "examples/evals"),
            "--bot",
            str(ROOT / "examples/evals/hours_bot.py"),
            "--html",
            "OUT",
        ],
        "of 1 run failed",
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", FULL_LATER)
def test_a_disk_that_is_full_in_the_end_does_not_hide_the_result(name: str, tmp_path: Path) -> None:
    """The first byte can be written, but not what is to be written at the end."""
    given, result = FULL_LATER[name]
    with no_file_beyond(50):
        ran = run_here(_run, [each.replace("OUT", "out.html") for each in given], columns=200, cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert result in ran.stdout
    assert len(ran.stderr.strip().splitlines()) == 1
    assert not [each for each in tmp_path.iterdir() if each.suffix != ".py"]


def test_a_summary_gets_all_that_is_added_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    append_text(path, "first\n")
    append_text(path, "second\n")
    with (
        no_file_beyond(30),
        pytest.raises(UsageError, match=r"summary.md cannot be written .*free some space"),
    ):
        append_text(path, "third\n" * 10)
    assert path.read_text() == "first\nsecond\n"


WRITING = """
import os, signal, sys
from pathlib import Path
from mock_openai.interruption import leave_if_interrupted, listen
from ninelives.cassette import replacing

def replace(*paths):
    for _ in range(int(sys.argv[1])):
        os.kill(os.getpid(), signal.SIGTERM)
    print("goes on", flush=True)
    return real(*paths)

real, os.replace = os.replace, replace
listen()
try:
    replacing.write_whole(Path("page.html"), b"new")
except KeyboardInterrupt:
    leave_if_interrupted()
"""


@pytest.mark.parametrize(("signals", "left"), [(1, "new"), (2, "old")])
def test_a_signal_in_the_middle_of_a_file_leaves_nothing_half(
    signals: int, left: str, tmp_path: Path
) -> None:
    """The first waits until the file is there; the second ends the program at once."""
    (tmp_path / "page.html").write_text("old")
    command = [sys.executable, "-c", WRITING, str(signals)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=HANG)
    assert ran.stdout == ("goes on\n" if signals == 1 else "")
    assert ran.returncode == 128 + signal.SIGTERM
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"page.html": left}


def test_an_error_about_a_descriptor_is_not_about_a_path() -> None:
    with pytest.raises(OSError, match="Bad file descriptor") as raised:
        os.stat(10**6)
    assert raised.value.filename == 10**6
    assert refused_path(raised.value) is None


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    write_whole(path, b"old")
    with no_file_beyond(100), pytest.raises(CassetteError):
        write_whole(path, json.dumps(list(range(1000))).encode())
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"talk.jsonl": b"old"}
