"""No text of a model, a server or a file reaches the terminal as a control sequence."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai.visible import visible
from ninelives.cli import main

EVIL = "\x1b]52;c;cm0=\x07 \x1b[2J \x9b31m \x9d0;x\x9c \u202ereversed\u2066 \x7f\x08\r\u200f \U000e0041"


def is_sent(text: str) -> set[str]:
    """Characters in it that a terminal would obey."""
    kept = {"\n", "\t"}
    return (
        {each for each in text if unicodedata.category(each) in ("Cc", "Zl", "Zp") and each not in kept}
        | {each for each in text if unicodedata.bidirectional(each) in ("LRE", "RLE", "LRO", "RLO", "PDF")}
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
