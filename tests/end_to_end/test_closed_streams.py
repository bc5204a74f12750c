"""A command whose standard streams were closed by the caller (`>&-`) does its work as usual."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import HANG

CASSETTE = Path(__file__).parents[2] / "cassettes" / "weather_over_sse.jsonl"
CLIENT = """
import os, sys, urllib.request
print("from the child", flush=True)
os.write(1, b"from the child")
try:
    urllib.request.urlopen(os.environ["OPENAI_BASE_URL"] + "/models")
except OSError:
    pass
"""
COMMANDS = {
    "show": (["show", str(CASSETTE)], 0),
    "lint": (["lint", str(CASSETTE), "--json"], 0),
    "convert": (["convert", str(CASSETTE), "made.har"], 0),
    "a wrong file": (["show", "nowhere.jsonl"], 2),
    "init": (["init", "."], 0),
    "record": (
        [
            *("record", "--upstream", "http://127.0.0.1:1", "--cassette", "talk.jsonl"),
            *("--", sys.executable, "-c", CLIENT),
        ],
        0,
    ),
}


@pytest.mark.real_time
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_works_with_closed_streams(name: str, closed: str, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("import pipecat\nasync def run_bot(transport, args):\n    pass\n")
    given, code = COMMANDS[name]
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "ninelives", *given]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=HANG)
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr
    if name == "record":
        assert "from the child" not in (tmp_path / "talk.jsonl").read_text()
