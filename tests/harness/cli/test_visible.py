"""No text of a model, a server or a file reaches the terminal as a control sequence."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai.visible import visible
from ninelives.cli import main
from ninelives.commands.printing import notes, output
from ninelives.commands.progress_bar import progress_bar
from rich.text import Text

EVIL = "\x1b]52;c;cm0=\x07 \x1b[2J \x9b31m \x9d0;x\x9c \u202ereversed\u2066 \x7f\x08\r\u200f \U000e0041"
EVIL += " a\u200bb\u2060c\U000e0101d\u3164"
HIDDEN = {"\u3164", "\uffa0", *map(chr, range(0xE0100, 0xE01F0))}
"""Characters without a width that count as printable."""


def is_sent(text: str) -> set[str]:
    """Characters in it that a terminal would obey."""
    kept = {"\n", "\t"}
    return (
        {each for each in text if unicodedata.category(each) in ("Cc", "Zl", "Zp") and each not in kept}
        | {each for each in text if unicodedata.bidirectional(each) in ("LRE", "RLE", "LRO", "RLO", "PDF")}
        | {each for each in text if each in HIDDEN or each in "\u200b\u2060\u00ad\u180e\ufeff\ufff9"}
        | {each for each in text if unicodedata.bidirectional(each) in ("LRI", "RLI", "FSI", "PDI")}
    )


@given(st.text() | st.text(st.sampled_from(EVIL)))
def test_nothing_is_sent_and_ordinary_text_stays(text: str) -> None:
    assert not is_sent(visible(text))
    if not is_sent(text) and text.isprintable():
        assert visible(text) == text


def cassette(text: str) -> str:
    lines = [
        {"ninelives": 1, "recorded": "2026-11-24T09:00:00Z", "upstream": "http://x", "origin": text},
        {"t": 0, "c": 1, "k": "open", "path": "/v1/responses", "status": 101},
        {"t": 1, "c": 1, "k": "send", "data": {"type": "response.create", "model": text, "input": text}},
        {"t": 2, "c": 1, "k": "recv", "data": {"type": "response.output_text.delta", "delta": text}},
        {"t": 3, "c": 1, "k": "close", "by": "client", "code": 1000, "reason": text},
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.mark.parametrize("command", ["show", "show --raw", "diff", "lint", "convert"])
def test_no_command_sends_it(command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text(cassette(EVIL))
    other.write_text(cassette("calm"))
    files = {"diff": [one, other], "convert": [one, tmp_path / "made.har"]}.get(command, [one])
    with pytest.raises(SystemExit):
        main([*command.split(), *map(str, files)])
    said = capfd.readouterr()
    assert not is_sent(said.out + said.err)


@pytest.mark.parametrize("text", ["👩‍🔧 works", "می‌خواهم", "❤️", "क्‍ष"])
def test_what_languages_and_emoji_need_stays(text: str) -> None:
    assert visible(text) == text


NAMES = ["[/red]", "[bold]x", ":bug:", "[link=file:x]a"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_is(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, made = tmp_path / "one.jsonl", tmp_path / f"{name}.jsonl"
    made.parent.mkdir(parents=True, exist_ok=True)
    one.write_text(cassette("calm"))
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(one), str(made)])
    assert ended.value.code == 0
    assert f"wrote {made}" in capfd.readouterr().out


@pytest.mark.parametrize(
    "command", ["show ODD", "show ODD --html ODD.html", "lint ODD BAD", "scrub ODD", "convert ODD ODD.har"]
)
def test_a_line_end_in_a_name_ends_no_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"ODD": "o\ndd.jsonl", "BAD": "b\nad.jsonl"}
    Path(names["ODD"]).write_text(cassette("calm"))
    Path(names["BAD"]).write_text("{}\n")
    parts = [each.replace("ODD", names["ODD"]).replace("BAD", names["BAD"]) for each in command.split()]
    with pytest.raises(SystemExit):
        main(parts)
    told = "".join(capfd.readouterr())
    assert "\u240a" in told
    assert not any(line.startswith(("dd.jsonl", "ad.jsonl")) for line in told.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_progress_shows_a_name_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = notes()
    with console.status(name) as status:
        status.update(f"then {name}")
        console.print(f"{name} {EVIL}")
    with progress_bar(console) as show:
        show(f"bar {name}", 1, 2, 0)
    assert name in shown.getvalue()
    assert "\x1b]52" not in shown.getvalue()
    assert "\u202e" not in shown.getvalue()


def test_words_are_no_commands_for_github(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    path = tmp_path / "one.jsonl"
    path.write_text(cassette("Hi\n::error::forged\n  ::stop-commands::x\n##[add-mask]y"))
    with pytest.raises(SystemExit):
        main(["show", str(path)])
    lines = [line.lstrip() for line in capfd.readouterr().out.splitlines()]
    assert any("error::forged" in line for line in lines)
    assert not [line for line in lines if line.startswith("::") or "##[" in line]


COMMANDS = {
    "GITHUB_ACTIONS": ["::error::forged", " \t::set-output name=a::b", "a ##[add-mask]x", "::::x"],
    "TF_BUILD": ["##vso[task.setvariable variable=a]b"],
    "TEAMCITY_VERSION": ["x ##teamcity[buildStop]"],
}


@pytest.mark.parametrize("system", COMMANDS)
def test_nothing_that_is_printed_is_a_command(
    system: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in COMMANDS:
        monkeypatch.delenv(name, raising=False)
    for line in COMMANDS[system]:
        assert visible(line) == line  # elsewhere it is text
    monkeypatch.setenv(system, "true")
    said = "\n".join(COMMANDS[system])
    output().print(f"said\n{said}")
    notes().print(Text(f"said\n{said}"))
    with pytest.raises(SystemExit):
        main(["show", said])
    _, shown, wrong = visible(said), *capfd.readouterr()
    for line in (shown + wrong + visible(said)).splitlines():
        assert not line.lstrip().startswith("::")
        assert not re.search(r"##(vso|teamcity)?\[", line)
