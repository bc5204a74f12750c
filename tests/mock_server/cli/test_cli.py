"""`mock-openai` as a user runs it: in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pytest
from mock_openai.cli import app
from mock_openai.commands.usage_error import run as run_command

from tests.effort import HANG
from tests.terminal import run_here

COMMAND = [sys.executable, "-m", "mock_openai"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_here(partial(run_command, app), arguments, columns=200)


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Serve on a free port; gives the process, what it printed, and the base URL."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        banner = [process.stdout.readline() for _ in range(5)]
        yield process, "".join(banner), banner[1].partition("=")[2].strip()
    finally:
        process.kill()
        process.communicate()


def ask(base_url: str, text: str = "hi") -> str:
    request = urllib.request.Request(
        base_url + "/responses",
        data=json.dumps({"model": "gpt-4o", "input": text}).encode(),
        headers={"Content-Type": "application/json", "Authorization": "Bearer any"},
    )
    with urllib.request.urlopen(request, timeout=HANG) as answer:
        return json.load(answer)["output"][0]["content"][0]["text"]


def test_serve_says_what_to_export_answers_and_goes_when_told(tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_text("replies:\n  - when: {user: hi}\n    reply: [{text: Hello from the script.}]\n")
    with serving("--script", str(script)) as (process, banner, base_url):
        assert f"export OPENAI_BASE_URL={base_url}" in banner
        assert f"export OPENAI_WS_URL=ws{base_url.removeprefix('http')}/responses" in banner
        assert "export OPENAI_API_KEY=mock-key" in banner
        assert ask(base_url) == "Hello from the script."
        with socket.create_connection(("127.0.0.1", int(base_url.split(":")[2].split("/")[0]))):
            process.send_signal(signal.SIGTERM)
            assert process.wait(HANG) == 0
        _, errors = process.communicate()
        assert errors == ""


def test_ctrl_c_is_a_clean_end():
    with serving() as (process, _, base_url):
        assert ask(base_url)
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == 0
        assert "Traceback" not in process.communicate()[1]


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["options"]])
def test_it_goes_quietly_when_nobody_reads_what_it_prints(arguments: list[str]):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=HANG
    )
    os.close(writing)
    assert done.stderr == ""


def test_faults_come_from_a_plan(tmp_path: Path):
    plan = tmp_path / "plan.yaml"
    plan.write_text("- {at: {turn: 1}, do: overloaded}\n")
    with serving("--faults", str(plan)) as (_, _, base_url):
        with pytest.raises(urllib.error.HTTPError) as raised:
            ask(base_url)
        assert raised.value.code == 503
        raised.value.close()
        assert ask(base_url)


def test_a_taken_port_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("serve", "--port", str(taken.getsockname()[1]))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "choose another --port or --host" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--script", "missing.yaml"], "missing.yaml"),
        (["--faults", "missing.yaml"], "cannot read the fault plan"),
        (["--cassette", "missing.jsonl"], "missing.jsonl"),
        (["--pace", "fast"], "--pace: 'fast' is not a pace; expected instant"),
        (["--pace", "missing.json"], "--pace: missing.json cannot be read (No such file or directory)"),
        (["--script"], "requires an argument. See `mock-openai serve --help`"),
        (["--on-cancel", "later"], "'--on-cancel': 'later' is not one of 'honour', 'ignore', 'reject'"),
        (["--connection-lifetime", "soon"], "90s, 60m or 1h"),
        (["--store", "sqlite"], "--store: expected memory, or redis://HOST:PORT/DB"),
        (["--store", "redis://127.0.0.1:1/0"], "Redis at redis://127.0.0.1:1/0 does not answer"),
        (["--store", "redis://127.0.0.1:1/0", "--workers", "2"], "does not answer"),
        (["--workers", "2"], "add --store redis://HOST:PORT/DB"),
        (["--control-token", ""], "the token is empty"),
        (["--api-key", ""], "the key is empty"),
        (["--no-such-option"], "--no-such-option"),
        (["--rpm", "0"], "Invalid value for '--rpm'"),
        (["extra"], "unexpected extra argument"),
        (
            ["--strict", "--upstream", "http://127.0.0.1:1/v1"],
            "--strict: cannot be combined with an upstream",
        ),
        (["--watch"], "--watch: there is no file to watch; give --script FILE or --faults FILE"),
        (["--fresh-ids"], "--fresh-ids needs --cassette FILE"),
        (["--allow-host", "http://mock:8080"], "--allow-host: 'http://mock:8080' is not a host name"),
        (["--allow-host", ""], "--allow-host: '' is not a host name"),
        (["--journal-bytes", "much"], "--journal-bytes much: not a size"),
        (["--journal-body-bytes", "0K"], "--journal-body-bytes 0K: not a size"),
        (["--allow-origin", "mock"], "--allow-origin: 'mock' is not an origin"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(arguments: list[str], words: str):
    done = run("serve", "--port", "0", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_script_names_the_line(tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_text("replies:\n  - rply: [{text: x}]\n")
    done = run("serve", "--script", str(script))
    assert done.returncode == 2
    assert f"{script}:2" in done.stderr


def test_faults_are_listed_with_their_parameters():
    done = run("faults")
    assert done.returncode == 0
    assert "close(code=1011, reason='')" in done.stdout
    assert "Break the connection with a TCP reset" in done.stdout


def test_help_names_every_option():
    done = run("serve", "--help")
    for option in ("--host", "--port", "--script", "--cassette", "--faults", "--pace", "--seed", "--api-key"):
        assert option in done.stdout
    for option in ("--connection-lifetime", "--on-cancel", "--workers", "--store"):
        assert option in done.stdout


@pytest.mark.parametrize("command", ["serve", "options", "faults"])
def test_help_shows_how_a_command_is_used(command: str):
    lines = [line.split() for line in run(command, "--help").stdout.splitlines()]
    assert any(line[:2] == ["mock-openai", command] for line in lines)


def test_a_script_with_characters_yaml_has_not_is_one_line(tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_bytes(b'replies:\n  - reply: [{text: "a\x00b"}]\n')
    done = run("serve", "--script", str(script))
    assert done.returncode == 2
    assert f"{script}: found" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "setting", ["unheard_of=1", "at_limit", "at_limit=later", "keepalive=-1", "background_duration=0"]
)
def test_an_option_that_does_not_exist_is_one_line_that_lists_what_does(setting: str):
    done = run("serve", "--behaviour", setting)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("mock-openai: --behaviour ")
    assert "finish, cut, next_create" in done.stderr or "seconds" in done.stderr or "at_limit" in done.stderr


@pytest.mark.thorough
def test_options_lists_what_behaviour_can_set_and_serve_takes_it():
    listed = run("options").stdout
    assert "at_limit=finish    (finish, cut, next_create; inferred)" in listed
    settings = [line.split("    ")[0] for line in listed.splitlines()]
    repeated = [word for setting in settings for word in ("--behaviour", setting)]
    with serving(*repeated) as (_, _, base_url):
        assert ask(base_url)


@pytest.mark.thorough
def test_limits_and_an_upstream_can_be_given():
    with (
        serving("--rpm", "1", "--tpm", "5000") as (_, _, behind),
        serving("--upstream", behind, "--any-model") as (_, _, base_url),
    ):
        assert ask(base_url)
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(base_url)
        assert refused.value.code == 429
        assert "requests per min (RPM): Limit 1, Used 1" in json.load(refused.value)["error"]["message"]


@pytest.mark.parametrize("wrong", [("--upstream", "localhost"), ("--rpm", "0"), ("--tpm", "many")])
def test_limits_and_upstreams_that_are_none_are_one_line(wrong: tuple[str, str]):
    done = run("serve", *wrong)
    assert done.returncode == 2
    assert wrong[0].strip("-") in done.stderr
    assert "Traceback" not in done.stderr


def test_the_terminal_says_once_why_no_rule_answered(tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_text("replies:\n  - when: {user: hi}\n    reply: Hello.\n")
    with serving("--script", str(script)) as (process, _, base_url):
        for text in ("hi", "bye", "bye"):
            ask(base_url, text)
        ask(base_url, "the end")
        assert process.stderr is not None
        told = [process.stderr.readline(), process.stderr.readline()]
    why = f"Nearest was rule 1 ({script}:2): user: '{{}}' has no match for /hi/. It was improvised.\n"
    assert told == [f"No rule for '{text}'. " + why.format(text) for text in ("bye", "the end")]


def test_strict_refuses_what_no_rule_answers(tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_text("replies:\n  - when: {user: hi}\n    reply: Hello.\n")
    with serving("--script", str(script), "--strict") as (process, _, base_url):
        assert ask(base_url, "hi") == "Hello."
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(base_url, "bye")
        assert refused.value.code == 404
        assert json.load(refused.value)["error"]["code"] == "no_rule"
        assert process.stderr is not None
        assert process.stderr.readline().endswith("has no match for /hi/. It was refused (404).\n")


@pytest.mark.thorough
def test_a_watched_script_is_read_again_and_a_broken_one_changes_nothing(tmp_path: Path):
    script, plan = tmp_path / "script.yaml", tmp_path / "plan.yaml"
    script.write_text("replies: [{reply: Before.}]")
    plan.write_text("[]")
    given = ("--script", str(script), "--faults", str(plan), "--watch")
    with serving(*given) as (process, _, base_url):
        assert process.stderr is not None
        assert ask(base_url) == "Before."
        script.write_text("replies: [{reply: After.}]")
        assert process.stderr.readline() == f"mock-openai: {script} was reloaded: 1 rule\n"
        assert ask(base_url) == "After."
        script.write_text("replies:\n  - rply: Broken.\n")
        told = process.stderr.readline()
        assert f"{script}:2: found the key 'rply' in a rule" in told
        assert told.endswith("; the server keeps the previous version\n")
        assert ask(base_url) == "After."
        renamed = tmp_path / "written by an editor"
        renamed.write_text("replies: [{reply: Fixed.}]")
        renamed.rename(script)
        assert "was reloaded: 1 rule" in process.stderr.readline()
        assert ask(base_url) == "Fixed."
        script.unlink()
        assert "No such file or directory" in process.stderr.readline()
        assert ask(base_url) == "Fixed."
        plan.write_text("- {at: {event: response.created}, do: overloaded}")
        assert process.stderr.readline() == f"mock-openai: {plan} was reloaded: 1 fault\n"
        assert (
            "overloaded"
            in subprocess.run(
                ["curl", "-s", f"{base_url.removesuffix('/v1')}/__mock__/faults"],
                capture_output=True,
                text=True,
            ).stdout
        )
        plan.write_text("- {do: nothing}")
        assert process.stderr.readline().endswith("; the server keeps the previous version\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANG) == 0


@pytest.mark.parametrize("arguments", [("-h",), ("serve", "-h"), ("faults", "--help")])
def test_help_has_a_short_name(arguments: tuple[str, ...]):
    done = run(*arguments)
    assert done.returncode == 0
    assert "Usage: mock-openai" in done.stdout


def test_the_version_is_printed():
    assert run("--version").stdout == f"mock-openai {version('ninelives')}\n"


@pytest.mark.thorough
def test_the_shell_completes(tmp_path: Path):
    env = {**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [*COMMAND, "--install-completion", "bash"], capture_output=True, text=True, timeout=HANG, env=env
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "mock-openai" in (tmp_path / ".bashrc").read_text()
    asked = {
        "_MOCK_OPENAI_COMPLETE": "complete_bash",
        "COMP_WORDS": "mock-openai serve --stri",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=HANG, env={**env, **asked})
    assert done.stdout.split() == ["--strict"]


@pytest.mark.thorough
def test_a_tool_that_the_prompt_asks_for_is_called_when_that_is_wished():
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    with serving("--improvise", "tools", "--background-duration", "0") as (_, _, base_url):
        body = {"model": "gpt-4o", "input": "How is the weather?", "tools": [tool]}
        asked = urllib.request.Request(
            f"{base_url}/responses", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked) as answer:
            assert json.load(answer)["output"][0]["name"] == "get_weather"
    done = run("serve", "--improvise", "nothing")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("mock-openai: --improvise: 'nothing' is unknown")


@pytest.mark.thorough
def test_a_cassette_is_served_as_often_as_it_is_asked_for(tmp_path: Path):
    cassette = tmp_path / "hello.jsonl"
    answer = {
        "id": "resp_1",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi."}]}],
    }
    lines = [
        {"ninelives": 1, "recorded": "2026-11-24T09:00:00Z", "upstream": "https://api.openai.com"},
        {"t": 0, "c": 1, "k": "request", "method": "POST", "path": "/v1/responses", "headers": {},
         "body": {"model": "gpt-4o", "input": "hi"}},
        {"t": 1, "c": 1, "k": "response", "status": 200, "headers": {"content-type": "application/json"}},
        {"t": 2, "c": 1, "k": "body", "body": answer},
        {"t": 3, "c": 1, "k": "end"},
    ]  # fmt: skip
    cassette.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for options in ((), ("--fresh-ids",)):
        with serving("--cassette", str(cassette), *options) as (_, _, base_url):
            assert [ask(base_url), ask(base_url)] == ["Hi.", "Hi."]
