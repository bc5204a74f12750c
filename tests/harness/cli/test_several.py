"""A command over several files does all of them, and says at the end which failed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ninelives.cli import _run

from tests.terminal import run_here

CASSETTES = Path(__file__).parents[3] / "cassettes"
GOOD = "weather_over_sse.jsonl"
KEY = "sk-proj-" + "Ab3dEf6hIj9lMn2pQr5t" * 2


def unlike_a_cassette(path: Path) -> None:
    path.write_text("garbage\n")


def broken_line(path: Path) -> None:
    path.write_text((CASSETTES / GOOD).read_text() + '{"t":1,\n')


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


FAILING = (unlike_a_cassette, broken_line, link_to_nothing, link_to_itself, pipe, folder)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good cassette first, two that fail, and a good one last."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name in ("a.jsonl", "z.jsonl"):
        text = (CASSETTES / GOOD).read_text()
        (tmp_path / name).write_text(text.replace("What is the weather", f"{KEY}: what is the weather"))
        assert KEY in (tmp_path / name).read_text()
    return tmp_path


@pytest.mark.parametrize("fail", FAILING)
def test_scrub_goes_on(fail: Callable[[Path], None], place: Path) -> None:
    for name in ("b.jsonl", "c.jsonl"):
        fail(place / name)
    ran = run_here(_run, ["scrub", str(place)], columns=200)
    assert ran.returncode == 2
    assert KEY not in (place / "a.jsonl").read_text() + (place / "z.jsonl").read_text()
    *reasons, last = ran.stderr.splitlines()
    assert [f"{name}.jsonl" in line for name, line in zip("bc", reasons, strict=True)] == [True, True]
    assert last == f"ninelives: 2 of 4 files failed: {place}/b.jsonl, {place}/c.jsonl"


@pytest.mark.parametrize("fail", FAILING)
def test_refresh_goes_on(fail: Callable[[Path], None], place: Path) -> None:
    fail(place / "b.jsonl")
    ran = run_here(_run, ["record", "--refresh", str(place)], columns=200)
    assert ran.returncode == 2
    assert "answers from the mock server compared with the recordings" in ran.stdout
    assert f"1 of 3 files failed: {place}/b.jsonl" in ran.stderr


@pytest.mark.parametrize("fail", FAILING)
@pytest.mark.parametrize("suffix", [".jsonl", ".yaml", ".har"])
@pytest.mark.parametrize("command", ["lint", "pace"])
def test_a_folder_with_one_that_cannot_be_read_is_read(
    command: str, suffix: str, fail: Callable[[Path], None], place: Path
) -> None:
    fail(place / f"b{suffix}")
    shutil.copy(CASSETTES / GOOD, place / "good.jsonl")
    more = ["-o", str(place / "pace.json")] if command == "pace" else []
    ran = run_here(_run, [command, str(place), *more], columns=200)
    assert ran.returncode == (1 if command == "lint" else 0), ran.stderr
    assert not ran.stderr
    assert command == "lint" or (place / "pace.json").exists()


def test_one_file_has_one_line(tmp_path: Path) -> None:
    unlike_a_cassette(tmp_path / "a.jsonl")
    ran = run_here(_run, ["scrub", str(tmp_path)], columns=200)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
