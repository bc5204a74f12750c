"""No command shows a secret that a file still holds, also where it cannot read the file."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from ninelives.cli import _run
from ninelives.commands.printing import output
from ninelives.lab.exploration.run_journal import RunJournal, Task
from ninelives.lab.exploration.trial import Trial
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tests.terminal import run_here

SECRET = "Zq8rW3xK7mP2vL9t4yB6"
TEXT = f"my password is {SECRET}"
HEADER = {"ninelives": 1, "recorded": "2026-11-24T09:00:00Z", "upstream": "http://127.0.0.1:1"}


def tape(path: Path, *, said: str = f"I keep {SECRET} for you.") -> Path:
    asked = {"model": "m", "stream": True, "input": [{"role": "user", "content": TEXT}]}
    request = {"t": 0, "c": 1, "k": "request", "method": "POST", "path": "/v1/responses", "headers": {}}
    events = [
        {"type": "response.output_text.delta", "delta": said[at : at + 7]} for at in range(0, len(said), 7)
    ]
    done = {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": []}}
    lines: list[dict[str, Any]] = [
        HEADER,
        {**request, "body": asked},
        {"t": 1, "c": 1, "k": "response", "status": 200, "headers": {}},
        *({"t": 2, "c": 1, "k": "event", "data": event} for event in (*events, done)),
        {"t": 3, "c": 1, "k": "end"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("options", [[], ["--raw"], ["--html", "page.html"]])
def test_show_shows_none(tmp_path: Path, options: list[str]) -> None:
    path = tape(tmp_path / "talk.jsonl")
    result = run_here(_run, ["show", str(path), *options], columns=200, cwd=tmp_path)
    page = tmp_path / "page.html"
    told = result.stdout + result.stderr + (page.read_text() if page.exists() else "")
    assert result.returncode == 0
    assert "password" in told
    assert not [part for part in (SECRET[at : at + 8] for at in range(13)) if part in told]


def test_diff_shows_none(tmp_path: Path) -> None:
    one, two = tape(tmp_path / "a.jsonl"), tape(tmp_path / "b.jsonl", said=f"password: {SECRET}")
    result = run_here(_run, ["diff", str(one), str(two)], columns=200, cwd=tmp_path)
    assert "wording" in result.stdout
    assert f"password: {SECRET}" not in result.stdout


@pytest.mark.parametrize(
    "line",
    [
        TEXT,
        json.dumps({"t": TEXT, "c": 1, "k": "request"}),
        json.dumps({"t": 0, "c": 1, "k": f"password={SECRET}"}),
        json.dumps({"t": 0, "c": 1, "k": "end", "client_secret": SECRET}),
    ],
)
def test_nor_does_an_error_about_a_broken_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(f"{json.dumps(HEADER)}\n{line}\n" + '{"t":1,"c":1,"k":"end"}\n')
    result = run_here(_run, ["show", str(path)], columns=200, cwd=tmp_path)
    assert result.returncode == 2
    assert "talk.jsonl:2" in result.stderr
    assert SECRET not in result.stdout + result.stderr


def test_the_journal_of_an_exploration_says_why_without_it(tmp_path: Path) -> None:
    journal = RunJournal(tmp_path / "runs.jsonl", Task("bot", 0, 1))
    journal.note([Trial(0, "http", (("I1", f"heard 'password: {SECRET}'"),))])
    told = (tmp_path / "runs.jsonl").read_text()
    assert "heard 'password: [redacted]'" in told


@pytest.mark.parametrize("width", range(12, 40, 3))
def test_a_table_that_wraps_shows_none(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", shown)
    for name, value in {"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    console = output(secrets=False)
    assert console.width == width
    table = Table.grid(padding=(0, 1))
    table.add_column(width=3)
    table.add_column(ratio=1, overflow="fold")
    table.add_row("1", Text.assemble(("my password is ", "dim"), (SECRET, "bold"), ", keep it"))
    console.print(table)
    console.print(Panel(TEXT, title=TEXT))
    told = re.sub(r"\x1b\[[0-9;]*m|\W", "", shown.getvalue())
    assert "mypasswordis" in told
    assert "keepit" in told
    assert not [SECRET[at : at + 6] for at in range(len(SECRET) - 5) if SECRET[at : at + 6] in told]


def test_what_a_bot_said_is_printed_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    output(secrets=False).print(f"I1: heard {TEXT!r}")
    assert capsys.readouterr().out == "I1: heard 'my password is [redacted]'\n"
