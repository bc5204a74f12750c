"""`ninelives demo`, run as a new user runs it: it tells the whole story and writes what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ninelives.cassette import Cassette
from ninelives.report import conversation

from tests.effort import HANG

NINELIVES = [sys.executable, "-m", "ninelives.cli"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("demo") / "out"
    ran = subprocess.run(
        [*NINELIVES, "demo", "--out", str(out)], capture_output=True, text=True, timeout=HANG, check=False
    )
    return out, ran


def test_it_tells_the_story_and_every_promise_holds(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, ran = demo
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "It is 21 degrees and sunny in Paris this afternoon." in ran.stdout
    assert "each equal to the snapshot" in ran.stdout
    assert "✂ the caller cuts in" in ran.stdout
    assert "1 h 2 min of silence" in ran.stdout
    assert "✗ " not in ran.stdout.replace("✗ broken", "")
    assert "5 min before the server would have ended connection 1" in " ".join(ran.stdout.split())
    assert ran.stdout.count("✓ ✓") >= 4


def test_it_says_nothing_else(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, ran = demo
    assert ran.stderr == ""
    assert "\x1b" not in ran.stdout  # no colours in a pipe
    assert "Traceback" not in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines()) <= 100


def test_without_pipecat_it_says_what_to_install_and_writes_nothing(tmp_path: Path) -> None:
    without = "import sys; sys.modules['pipecat'] = None; from ninelives.cli import main; main()"
    command = [sys.executable, "-c", without, "demo", "--out", str(tmp_path / "out")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "pip install 'ninelives[pipecat]'" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.thorough
def test_the_cassette_it_names_can_be_loaded(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, ran = demo
    path = out / "conversation.jsonl"
    assert str(path) in ran.stdout.replace("\n", "")
    exchanges = Cassette.load(path).exchanges
    told = conversation(exchanges)
    assert [each.transport for each in exchanges] == ["websocket"] * 4
    assert told[1].calls == (("get_weather", '{"city":"Paris"}'),)
    assert told[3].said == "You are welcome. Have a good day."


def test_the_snapshot_reads_line_by_line(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    lines = (demo[0] / "conversation.frames").read_text("utf-8").splitlines()
    assert len(lines) > 50
    assert all(re.match(r"\s*\d+\.\d{3} [↓↑] \w+", line) for line in lines)


def test_the_page_needs_nothing_but_itself(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    page = demo[0] / "timeline.html"
    text = page.read_text("utf-8")
    assert page.stat().st_size < 300_000
    outside = (
        text.partition('<script id="data"')[0] + text.rpartition("</script>")[0].rpartition("<script>")[2]
    )
    assert "://" not in outside
    assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=[\"'](?!data:)", text)
    for chapter in ("recorded", "reset in mid sentence", "limit between turns"):
        assert f'"title":"{chapter}"' in text
