"""Where no more can be written, each command says so in one line, and what was there stays as it was.

The kernel itself refuses: files of this process may not grow beyond a size for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mock_openai import MockServer, reply
from ninelives.cassette import CassetteError, CassetteWriter
from ninelives.cli import _run
from ninelives.lab.exploration.run_journal import RunJournal, Task
from ninelives.lab.exploration.trial import Trial
from ninelives.usage_error import UsageError

from tests.effort import HANG
from tests.terminal import run_here

SIZE = 1500


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let the kernel refuse what would make a file longer, as it refuses it on a full disk.

    Python writes no bytecode meanwhile: it would keep half of it for everybody who imports the module later.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def lines(count: int) -> list[bytes]:
    events: list[dict[str, object]] = []
    for number in range(count):
        body = {
            "model": "gpt-4o",
            "input": "hello",
            "stream": True,
            "api_key": f"sk-proj-a1B2c3D4e5F6g7H8{number}",
        }
        delta = {"type": "response.output_text.delta", "delta": "words and more words", "item_id": "msg_1"}
        events += [
            {
                "t": 0,
                "c": number + 1,
                "k": "request",
                "method": "POST",
                "path": "/v1/responses",
                "body": body,
            },
            {
                "t": 1,
                "c": number + 1,
                "k": "response",
                "status": 200,
                "headers": {"content-type": "text/event-stream"},
            },
            *({"t": at, "c": number + 1, "k": "event", "data": delta} for at in range(2, 12)),
            {"t": 20, "c": number + 1, "k": "end"},
        ]
    header = {"ninelives": 1, "recorded": "2026-11-24T09:00:00Z", "upstream": "https://api.openai.com"}
    return [json.dumps(each).encode() + b"\n" for each in [header, *events]]


COMMANDS = {
    "convert": (["convert", "talk.jsonl", "out.har"], "out.har"),
    "scrub": (["scrub", "talk.jsonl"], "talk.jsonl"),
    "show --html": (["show", "talk.jsonl", "--html", "page.html"], "page.html"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_so_and_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    arguments, written = COMMANDS[name]
    (tmp_path / "talk.jsonl").write_bytes(b"".join(lines(30)))
    if written != "talk.jsonl":
        (tmp_path / written).write_text("the old one")
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with no_file_beyond(20):
        ran = run_here(_run, arguments, columns=200, cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert "File too large" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_writer_keeps_what_it_has_and_the_old_cassette(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text("the old recording")
    writer = CassetteWriter(path)
    lines = writer.line_writer()
    lines.request("POST", "/v1/responses", {}, b'{"input":"hi"}')
    lines.response(200, {"content-type": "text/event-stream"})
    event = b'data: {"type":"response.output_text.delta","delta":"more words"}\n\n'
    with no_file_beyond(SIZE), pytest.raises(CassetteError, match="File too large"):
        lines.read(event * 100)
    writer.abandon()  # there is room again, and nothing may follow the half line
    assert path.read_text() == "the old recording"
    kept = writer.partial.read_bytes()
    assert len(kept) == SIZE
    assert [json.loads(line)["k"] for line in kept.splitlines()[1:-1]][:2] == ["request", "response"]


def test_a_disk_that_is_full_from_the_beginning_gets_no_partial(tmp_path: Path) -> None:
    writer = CassetteWriter(tmp_path / "new.jsonl")
    with no_file_beyond(10), pytest.raises(CassetteError, match="File too large"):
        writer.open()
    assert not list(tmp_path.iterdir())
    with pytest.raises(CassetteError, match="File too large"):
        writer.write(b"{}\n")
    with pytest.raises(CassetteError):
        writer.commit()
    assert not list(tmp_path.iterdir())


def test_an_exploration_can_go_on_when_there_is_room_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    task = Task("a service", seed=1, runs=200)
    journal = RunJournal(path, task)
    with (
        no_file_beyond(path.stat().st_size + 100),
        pytest.raises(UsageError, match=r"runs.jsonl .*File too large.*--out"),
    ):
        journal.note(Trial(number, "http", ()) for number in range(100))
    journal.close()
    again = RunJournal(path, task)
    assert again.trials
    assert len(again.trials) < 100
    again.note([Trial(100, "http", ())])
    again.close()
    assert RunJournal(path, task).trials.keys() == {*again.trials}


CLIENT = """
import json, os, urllib.request
ask = {"model": "gpt-4o", "input": "hi", "stream": True}
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/responses", json.dumps(ask).encode())
request.add_header("content-type", "application/json")
print("response.completed" in urllib.request.urlopen(request).read().decode(), flush=True)
"""


@pytest.mark.thorough
@pytest.mark.real_time
async def test_record_lets_the_traffic_pass_and_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "talk.jsonl").write_text("the old recording")
    pipe = asyncio.subprocess.PIPE
    async with MockServer([reply("one two three four " * 500)]) as upstream:
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", 'ulimit -f 16; exec "$@"', "sh", sys.executable, "-m", "ninelives.cli", "record"),
            *("--upstream", upstream.base_url, "--cassette", "talk.jsonl", "--mode", "rewrite"),
            *("--", sys.executable, "-c", CLIENT),
            cwd=tmp_path,
            env={**os.environ, "OPENAI_API_KEY": "x", "COLUMNS": "200"},
            stdout=pipe,
            stderr=pipe,
        )
        async with asyncio.timeout(HANG):
            out, errors = (each.decode() for each in await process.communicate())
    assert "True" in out.splitlines(), out + errors
    assert process.returncode == 2, errors
    assert "Traceback" not in errors
    assert "File too large" in errors
    assert (tmp_path / "talk.jsonl").read_text() == "the old recording"
    assert set(os.listdir(tmp_path)) == {"talk.jsonl", "talk.jsonl.partial"}
