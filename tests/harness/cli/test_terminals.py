"""Terminals of any width and encoding: nothing is cut off, and nothing ends in a traceback."""

from __future__ import annotations

import io
import re
import sys

import pytest
from mock_openai.cli import app as mock_openai
from mock_openai.visible import print_in_any_encoding
from ninelives.cli import app as ninelives
from ninelives.cli import main
from ninelives.commands.verdict import table
from ninelives.lab import run_scenario
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import websocket
from rich.console import Console
from typer.testing import CliRunner


def written(encoding: str, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding, newline="")
    monkeypatch.setattr(sys, "stdout", stream)
    print_in_any_encoding()
    print(text, end="")
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "✓ ✗ · … café 漢 \udcc3"
    said = written(encoding, text, monkeypatch)
    expected = {
        "ascii": "+ x . ... cafe ? ?",
        "latin-1": "+ x · ... café ? ?",
        "cp1252": "+ x · … café ? ?",
        "utf-8": "✓ ✗ · … café 漢 ?",
    }
    assert said == expected[encoding]


@pytest.mark.parametrize("app", [ninelives, mock_openai], ids=["ninelives", "mock-openai"])
def test_no_summary_of_a_command_is_cut_off(app: object) -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output  # type: ignore[arg-type]
    commands = shown.partition("Commands:")[2].strip().splitlines()
    assert len(commands) > 3
    assert [line for line in commands if "..." in line or not re.match(r" *[a-z-]+ +[A-Z].*\.$", line)] == []


def test_a_narrow_terminal_has_whole_names_and_marks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    outcome = run_scenario(scenarios()["interruption_in_mid_sentence"], websocket)
    console = Console(file=io.StringIO(), width=40)
    console.print(table([outcome]))
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in said
    assert "1 2 3 4 5 6 7 8 9 10" in said
    assert "".join(re.sub(r"[✓✗·]|\d", " ", said).split()) == "scenariointerruptioninmidsentence"
    with pytest.raises(SystemExit):
        main(["scenarios"])
    listed = capsys.readouterr().out
    assert "…" not in listed
    assert max(map(len, listed.splitlines())) <= 40
