"""Record an unmodified client through the command line, replay it, and break both off: real processes
throughout.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ninelives.cassette import Cassette
from ninelives.cli import _run

from tests.effort import HANG

NINELIVES = [sys.executable, "-m", "ninelives.cli"]
MOCK = [sys.executable, "-c", "from mock_openai.cli import main; main()"]

CLIENT = """
from openai import OpenAI
client = OpenAI(api_key="sk-abcdefghijklmnopqrstuvwxyz0123456789abcdef")
print(client.responses.create(model="gpt-4.1", input="Hello").output_text)
with client.responses.stream(model="gpt-4.1", input="Count to three") as stream:
    print("".join(e.delta for e in stream if e.type == "response.output_text.delta"))
"""

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("OPENAI_")}


@contextmanager
def standing(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that serves until it is told to stop, and the base URL it prints."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        url = ""
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/v1", line):
                url = found[0]
                break
        yield process, url
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HANG)


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with standing([*MOCK, "serve", "--port", "0"]) as (_, url):
        yield url


def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NINELIVES, *arguments],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env={**ENVIRONMENT, **more},  # type: ignore[dict-item]
    )


def ask(url: str) -> str:
    client = subprocess.run(
        [sys.executable, "-c", CLIENT],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env={**ENVIRONMENT, "OPENAI_BASE_URL": url},
    )
    assert client.returncode == 0, client.stderr
    return client.stdout


def record(upstream: str, path: Path) -> subprocess.CompletedProcess[str]:
    return run("record", "--upstream", upstream, "--cassette", str(path), "--", sys.executable, "-c", CLIENT)


@pytest.mark.thorough
def test_a_client_is_recorded_without_its_key_and_replayed_without_an_upstream(
    upstream: str, tmp_path: Path
) -> None:
    path = tmp_path / "talk.jsonl"
    recorded = record(upstream, path)
    assert recorded.returncode == 0, recorded.stderr
    assert "sk-abc" not in path.read_text()
    assert not path.with_name("talk.jsonl.partial").exists()
    assert len(Cassette.load(path)) == 2

    with standing([*NINELIVES, "replay", str(path), "--port", "0", "--timing", "none"]) as (process, url):
        assert ask(url) == recorded.stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == 0

    shown = run("show", str(path))
    assert "Count to three" in shown.stdout
    assert recorded.stdout.splitlines()[1] in shown.stdout


@pytest.mark.thorough
def test_what_a_cassette_does_not_hold_is_an_error_that_says_so(upstream: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    record(upstream, path)
    with standing([*NINELIVES, "replay", str(path), "--port", "0"]) as (_, url):
        other = CLIENT.replace("Hello", "Something else")
        client = subprocess.run(
            [sys.executable, "-c", other],
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
            env={**ENVIRONMENT, "OPENAI_BASE_URL": url},
        )
    assert client.returncode != 0
    assert '-   "content": "Hello"' in client.stderr
    assert '+   "content": "Something else"' in client.stderr


@pytest.mark.thorough
def test_a_failing_command_leaves_the_old_cassette_and_the_partial(upstream: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text("the old recording")
    failing = f"{CLIENT}\nraise SystemExit(3)"
    ran = run("record", "--upstream", upstream, "--cassette", str(path), "--", sys.executable, "-c", failing)
    assert ran.returncode == 3
    assert path.read_text() == "the old recording"
    partial = path.with_name("talk.jsonl.partial")
    assert len(Cassette.load(partial)) == 2
    assert f"mv {partial} {path}" in ran.stderr.replace("\n", " ")
    kept = partial.read_bytes()
    ran = run("record", "--upstream", upstream, "--cassette", str(path), "--", sys.executable, "-c", CLIENT)
    aside = path.with_name("talk.jsonl.1.partial")
    assert f"an earlier incomplete recording is kept in {aside}" in ran.stderr.replace("\n", " ")
    assert aside.read_bytes() == kept
    assert len(Cassette.load(path)) == 2


@pytest.mark.thorough
def test_ctrl_c_leaves_the_old_cassette_and_the_partial(upstream: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text("the old recording")
    command = [*NINELIVES, "record", "--upstream", upstream, "--cassette", str(path)]
    with standing(command) as (process, url):
        ask(url)
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == 130
        assert process.stdout is not None
        assert "Traceback" not in process.stdout.read()
    assert path.read_text() == "the old recording"
    assert len(Cassette.load(path.with_name("talk.jsonl.partial"))) == 2


@pytest.mark.thorough
def test_ctrl_c_while_a_command_runs_ends_the_command_too(upstream: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    sleeper = "import time; print('asleep', flush=True); time.sleep(60)"
    command = [*NINELIVES, "record", "--upstream", upstream, "--cassette", str(path), "--", sys.executable]
    with standing([*command, "-c", sleeper]) as (process, _):
        assert process.stdout is not None
        for line in process.stdout:
            if "asleep" in line:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == 130
    assert not path.exists()


@pytest.mark.thorough
@pytest.mark.parametrize("end", ["enter", "sigterm"])
def test_enter_or_sigterm_keeps_the_recording(upstream: str, tmp_path: Path, end: str) -> None:
    path = tmp_path / "talk.jsonl"
    with standing([*NINELIVES, "record", "--upstream", upstream, "--cassette", str(path)]) as (process, url):
        ask(url)
        if end == "enter":
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(HANG) == 0
    assert len(Cassette.load(path)) == 2


def test_a_command_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    ran = run("record", "--upstream", "http://127.0.0.1:9", "--cassette", str(path), "--", "no-such-program")
    assert ran.returncode == 127
    assert "'no-such-program' cannot be run" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_command_that_was_killed_is_told_by_its_signal(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    killed = ("--", "sh", "-c", "kill -9 $$")
    ran = run("record", "--upstream", "http://127.0.0.1:9", "--cassette", str(path), *killed)
    assert ran.returncode == 137
    assert "sh was killed by signal 9" in ran.stderr


QUICK = """
import json, os, sys, urllib.request
for text in sys.argv[1:]:
    if text == "--fail":
        sys.exit(3)
    body = json.dumps({"model": "gpt-4.1", "input": text}).encode()
    url = os.environ["OPENAI_BASE_URL"] + "/responses"
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-any0123456789"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        print(json.load(answer)["output"][0]["content"][0]["text"])
"""


def test_the_record_modes_of_a_command(
    upstream: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "talk.jsonl"
    nowhere = "http://127.0.0.1:9"

    def record(mode: str, *said: str, to: str = upstream, **more: str) -> tuple[int, str, str]:
        options = [word for name, value in more.items() for word in (f"--{name}", value)]
        how = ["record", "--mode", mode, "--upstream", to, "--cassette", str(path), *options, "--"]
        code = _run([*how, sys.executable, "-S", "-c", QUICK, *said])
        return code, *capfd.readouterr()

    assert record("off", "Hello")[0] == 0
    assert record("none", "Hello")[0] == 2
    assert not path.exists()
    assert record("rewrite", "Tell my name is Eve", redact="name is [A-Z][a-z]+")[0] == 0
    assert "Eve" not in path.read_text()
    path.unlink()
    code, first, _ = record("once", "Hello", "Count to three")
    assert (code, len(Cassette.load(path))) == (0, 2)
    before = path.read_bytes()
    code, again, told = record("once", "Hello", "Count to three", to=nowhere)
    assert (code, again) == (0, first)
    assert "2 of 2 recorded exchanges were requested; 0 requests had no recording" in told
    code, _, told = record("none", "Something else", to=nowhere)
    assert code == 1
    assert "No recording in talk.jsonl matches this request" in told
    assert path.read_bytes() == before
    code, more, _ = record("new_episodes", "Hello", "Count to three", "One more")
    assert code == 0
    assert more.startswith(first)
    assert path.read_bytes().startswith(before)
    assert len(Cassette.load(path)) == 3
    code, known, told = record("new_episodes", "One more", "Hello", to=nowhere)
    assert (code, set(known.splitlines()) <= set(more.splitlines())) == (0, True)
    assert "nothing new to record" in told
    assert record("all", "Hello", "--fail")[0] == 3
    assert len(Cassette.load(path)) == 1


@pytest.mark.thorough
def test_a_second_recording_of_the_same_cassette_is_refused_with_one_line(
    upstream: str, tmp_path: Path
) -> None:
    path = tmp_path / "talk.jsonl"
    command = [*NINELIVES, "record", "--upstream", upstream, "--cassette", str(path)]
    with standing(command) as (process, url):
        second = record(upstream, path)
        assert second.returncode == 2
        assert second.stderr.count("\n") == 1
        assert "the lock of another recording" in second.stderr
        ask(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANG) == 0
    assert len(Cassette.load(path)) == 2
