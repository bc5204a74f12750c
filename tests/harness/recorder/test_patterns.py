"""A user's pattern that takes forever stops neither the traffic nor the commands, and is named."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer, reply
from ninelives.cassette import CassetteError, Redactor
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cli import _run
from ninelives.recorder import Recorder

SLOW = r"(x+x+)+y"
TEXT = "x" * 5_000


async def test_the_traffic_goes_on_and_the_recording_says_which(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "ninelives.recorder")
    with pytest.raises(CassetteError) as failed:  # noqa: PT012
        async with (
            MockServer([reply(TEXT)]) as server,
            Recorder(server.base_url, tmp_path / "a.jsonl", redactor=Redactor(rules=[(SLOW, "z")])) as proxy,
            aiohttp.ClientSession() as session,
        ):
            for _ in range(3):
                body = {"model": "gpt-4o", "input": TEXT, "stream": True}
                async with session.post(f"{proxy.base_url}/responses", json=body) as answer:
                    assert "response.completed" in await answer.text()
            assert [entry.kind for entry in server.journal.entries].count("request") == 3
    assert f"/{SLOW}/ takes too long" in str(failed.value)
    assert caplog.text.count("takes too long") == 1


@pytest.mark.parametrize("command", ["lint", "scrub"])
def test_a_command_says_it_in_one_line(tmp_path: Path, capsys: Any, command: str) -> None:
    path = tmp_path / "a.jsonl"
    builder = CassetteBuilder(recorded="2026-11-30T00:00:00Z")
    builder.line_writer().request("POST", "/v1/responses", body=json.dumps({"input": TEXT}).encode())
    path.write_bytes(builder.bytes())
    before = path.read_bytes()
    assert _run([command, str(path), "--redact", SLOW]) == 2
    told = capsys.readouterr().err
    assert f"/{SLOW}/ takes too long" in told
    assert len(told.splitlines()) == 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("pattern", ["(", "x" * 20_000, "(?P<a>x)(?P<a>y"])
def test_what_is_no_pattern_is_one_line(tmp_path: Path, capsys: Any, pattern: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(CassetteBuilder(recorded="2026-11-30T00:00:00Z").bytes())
    assert _run(["lint", str(path), "--redact", pattern]) == 2
    assert "is not a regular expression" in capsys.readouterr().err
