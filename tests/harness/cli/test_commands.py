"""The command line: what each command prints, and that bad input is one line and exit code 2, never a
traceback.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ninelives.cli import _run

from tests.effort import HANG
from tests.terminal import run_here

CASSETTE = [
    {"ninelives": 1, "recorded": "2026-11-24T09:00:00Z", "upstream": "http://127.0.0.1:1"},
    {"t": 0, "c": 1, "k": "open", "path": "/v1/responses", "headers": {}, "status": 101},
    {"t": 1, "c": 1, "k": "send", "data": {"type": "response.create", "model": "gpt-4.1", "input": "Hello?"}},
    {"t": 90, "c": 1, "k": "recv", "data": {"type": "response.created", "response": {"id": "resp_1"}}},
    {"t": 120, "c": 1, "k": "recv", "data": {"type": "response.output_text.delta", "delta": "Good day."}},
    {
        "t": 150,
        "c": 1,
        "k": "recv",
        "data": {"type": "response.completed", "response": {"id": "resp_1", "status": "completed"}},
    },
    {"t": 999, "c": 1, "k": "close", "by": "client", "code": 1000, "reason": ""},
]


def ninelives(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run_here(_run, arguments, columns=100, cwd=cwd)


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    path = tmp_path / "hello.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in CASSETTE))
    return path


def test_show_tells_turns_apart_that_end_with_response_done(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = [CASSETTE[0], CASSETTE[1]]
    for number, said in ((1, "One."), (2, "Two.")):
        response = {"id": f"resp_{number}", "status": "completed"}
        lines += [
            {"t": number * 100, "c": 1, "k": kind, "data": data}
            for kind, data in (
                ("send", {"type": "response.create", "model": "m", "input": f"Question {number}?"}),
                ("recv", {"type": "response.created", "response": response}),
                ("recv", {"type": "response.output_text.delta", "delta": said}),
                ("recv", {"type": "response.done", "response": response}),
            )
        ]
    path = tmp_path / "done.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, CASSETTE[-1]]))
    shown = ninelives("show", str(path)).stdout
    assert "2 exchanges" in shown
    assert shown.index("Question 1?") < shown.index("One.") < shown.index("Question 2?") < shown.index("Two.")
    assert "cut off" not in shown
    assert "unfinished" not in ninelives("lint", str(path)).stdout


def test_show_reads_as_a_conversation(cassette: Path) -> None:
    shown = ninelives("show", str(cassette))
    assert shown.returncode == 0
    assert "hello.jsonl  1 exchange · 1 connection" in shown.stdout
    assert "user Hello?" in shown.stdout
    assert "bot Good day." in shown.stdout
    assert "\x1b" not in shown.stdout
    assert all(line == line.rstrip() for line in shown.stdout.splitlines())


def test_show_raw_gives_one_line_an_event(cassette: Path) -> None:
    lines = ninelives("show", "--raw", str(cassette)).stdout.splitlines()
    assert any(line.endswith('← output_text.delta "Good day."') for line in lines)


def test_show_html_writes_a_page(cassette: Path, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "page.html"
    assert ninelives("show", str(cassette), "--html", str(page)).returncode == 0
    assert "Good day." in page.read_text("utf-8")


def test_show_survives_a_reader_that_leaves(cassette: Path) -> None:
    piped = subprocess.run(
        f"{sys.executable} -m ninelives.cli show --raw {cassette} | head -1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert piped.stderr == ""


def test_convert_there_and_back(cassette: Path, tmp_path: Path) -> None:
    har, back = tmp_path / "hello.har", tmp_path / "back.jsonl"
    assert ninelives("convert", str(cassette), str(har)).returncode == 0
    assert ninelives("convert", str(har), str(back)).returncode == 0
    assert "bot Good day." in ninelives("show", str(back)).stdout


def test_what_a_format_cannot_hold_is_one_line(cassette: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ninelives", "convert", str(cassette), str(tmp_path / "hello.yaml")]
    converted = subprocess.run(command, capture_output=True, text=True, timeout=HANG)
    assert converted.returncode == 0
    assert converted.stderr.startswith("ninelives: ")
    assert "which vcrpy cannot store" in converted.stderr
    assert len(converted.stderr.splitlines()) == 1


def test_scenarios_are_listed_with_a_sentence_each() -> None:
    listed = ninelives("scenarios", "limit_*").stdout
    assert "limit_between_turns" in listed
    assert "60-minute limit" in " ".join(listed.split())
    assert "idle_close" not in listed


def test_verdict_is_a_table_a_page_and_data_and_its_exit_code_says_it_all(tmp_path: Path) -> None:
    page, data = tmp_path / "v.html", tmp_path / "v.json"
    kept = ninelives(
        "verdict", "pipecat_responses:OpenAIResponsesLLMService", "--scenario", "reset_in_*_sentence",
        "--html", str(page), "--json", str(data),
    )  # fmt: skip
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert "every promise was kept in 2 scenarios" in kept.stdout
    assert kept.stderr == ""
    assert page.stat().st_size > 10_000
    assert [each["scenario"] for each in json.loads(data.read_text())] == [
        "reset_in_mid_sentence",
        "reset_in_the_first_sentence",
    ]

    broken = ninelives(
        "verdict", "ninelives.lab.services:pipecat_websocket", "--scenario", "reset_in_mid_sentence"
    )
    assert broken.returncode == 1
    assert "✗ I1  turn 2 heard" in broken.stdout


def test_verdict_tells_rows_apart_whose_only_fault_is_latency(tmp_path: Path) -> None:
    page, data = tmp_path / "v.html", tmp_path / "v.json"
    late = ninelives(
        "verdict", "ninelives.lab.services:http", "--scenario", "stall_in_mid_*", "--max-dead-air", "6.5s",
        "--html", str(page), "--json", str(data),
    )  # fmt: skip
    assert late.returncode == 1
    rows = {line.rpartition("  ")[0] and line[:22].strip(): line for line in late.stdout.splitlines()}
    assert re.search(r"✗ late +0\.20 +6\.90 +6\.90$", rows["stall in mid call"])
    assert re.search(r"✓ +0\.20 +0\.70 +6\.25$", rows["stall in mid sentence"])
    assert "broken in 2 of 3 scenarios, in all of these only by latency" in " ".join(late.stdout.split())
    assert "first word p50 0.20 s, p95 19.75 s, longest dead air 19.75 s" in late.stdout
    assert max(map(len, late.stdout.splitlines()[:4])) <= 100
    assert [(each["only_late"], each["latency"]["longest_dead_air"]) for each in json.loads(data.read_text())]
    assert "first word p50 0.20 s, p95 6.90 s, longest dead air 6.90 s" in page.read_text()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["--max-dead-air", "soon"],
            "--max-dead-air soon: expected a duration above zero, such as 2s, 500ms or 1.5",
        ),
        (["--max-first-word", "0"], "--max-first-word 0: expected a duration above zero"),
        (["--pace", "fast"], "--pace: 'fast' is not a pace; expected instant, realistic"),
        (["--pace", "gone.json"], "--pace: gone.json cannot be read (No such file or directory)"),
    ],
)
@pytest.mark.parametrize("command", ["verdict", "explore"])
def test_conditions_that_cannot_be_are_one_line(command: str, given: list[str], said: str) -> None:
    ran = ninelives(command, "ninelives.lab.services:http", *given)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"ninelives: {said}")
    assert len(ran.stderr.splitlines()) == 1


def test_verdict_takes_a_factory_of_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").write_text(
        "from pipecat_responses import OpenAIResponsesHttpLLMService as Service\n"
        "def build(base_url, ws_url):\n    return Service(api_key='any', base_url=base_url)\n"
    )
    ran = ninelives("verdict", "my_bot:build", "--scenario", "idle_close", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "not possible on this transport" in ran.stdout


def test_help_lists_only_what_works_and_is_quick() -> None:
    listed = ninelives("--help").stdout
    commands = [line.split()[0] for line in listed.partition("Commands:")[2].splitlines() if line.strip()]
    known = ["demo", "record", "replay", "show", "convert", "diff", "lint", "scrub", "scenarios", "verdict"]
    assert set(known) <= set(commands)
    for command in commands:
        shown = ninelives(command, "--help").stdout
        assert "Usage: ninelives" in shown
        assert re.search(rf"^  ninelives {command}\b", shown, re.MULTILINE), f"{command} shows no example"
    modules = subprocess.run(
        [sys.executable, "-c", "import sys, ninelives.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=True,
    ).stdout.split()
    assert not {"pipecat", "openai", "aiohttp", "mock_openai.server", "ninelives.cassette"} & set(modules)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "missing.jsonl"], "missing.jsonl: found no such file"),
        (["show", "broken.jsonl"], "broken.jsonl:2: found"),
        (["show"], "Missing argument 'FILE'"),
        (["shwo", "x"], "No such command 'shwo'"),
        (["show", "--colour", "x"], "--colour"),
        (["replay", "broken.jsonl"], "broken.jsonl:2: found"),
        (["replay", "hello.jsonl", "--timing", "fast"], "expected recorded, none, or a factor"),
        (["replay", "hello.jsonl", "--port"], "an argument. See `ninelives replay --help`"),
        (["replay", "hello.jsonl", "--port", "many"], "Invalid value for '--port'"),
        (["record", "--upstream", "ftp://x", "--cassette", "c.jsonl"], "is not a URL of an HTTP server"),
        (["record"], "record needs --cassette FILE"),
        (["record", "--cassette", "folder", "true"], "folder: found a folder; expected a file to write"),
        (["record", "--cassette", "/dev/full", "true"], "found a device or pipe"),
        (["record", "--cassette", "c.jsonl", "--upstream", ""], "upstream '' is not a URL"),
        (["record", "--cassette", "c.jsonl", "--upstream", "http://[::1"], "'http://[::1' is not a URL"),
        (["record", "--cassette", "c.jsonl", "--write", "true"], "--write needs --refresh DIR"),
        (["record", "--refresh", "hello.jsonl", "--cassette", "c.jsonl"], "leave out --cassette"),
        (
            ["record", "--cassette", "c.jsonl", "--extend", "--mode", "none"],
            "cannot be combined with --mode none",
        ),
        (["replay", "hello.jsonl", "--port", "70000"], "Invalid value for '--port'"),
        (["record", "--cassette", "c.jsonl", "--port", "-1"], "Invalid value for '--port'"),
        (["convert", "missing.yaml", "out.jsonl"], "missing.yaml"),
        (["convert", "hello.jsonl", "out.docx"], "out.docx"),
        (["scenarios", "earthquake"], "no scenario is called 'earthquake'"),
        (["verdict", "no_such_module:f"], "cannot be imported"),
        (
            ["verdict", "raises:bot"],
            "raises could not start: RuntimeError: no key (raises.py:1); run the bot by itself",
        ),
        (
            ["verdict", "json"],
            "json has no function that runs a bot, such as run_bot(transport, runner_args)",
        ),
        (["verdict", "json:missing"], "json has no 'missing'; it has"),
        (["verdict", "json:loads", "--scenario", "earthquake"], "no scenario is called"),
        (["show", "hello.jsonl", "--html", "hello.jsonl/page.html"], "cannot be written"),
        (["demo", "--out", "hello.jsonl"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(cassette: Path, arguments: list[str], said: str) -> None:
    (cassette.parent / "broken.jsonl").write_text(json.dumps(CASSETTE[0]) + '\n{"t":0,"c":1,"k":"dance"}\n')
    (cassette.parent / "folder").mkdir()
    (cassette.parent / "raises.py").write_text('raise RuntimeError("no key")\n')
    ran = ninelives(*arguments, cwd=cassette.parent)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert said in ran.stderr
    assert ran.stderr.startswith("ninelives: ")
    assert len(ran.stderr.splitlines()) == 1
    assert "Traceback" not in ran.stderr


def test_a_taken_port_is_one_line(cassette: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in (
            ["replay", str(cassette), "--port", port],
            ["record", "--cassette", str(cassette), "--port", port],
        ):
            ran = ninelives(*command)
            assert ran.returncode == 2, ran.stderr
            assert f"127.0.0.1:{port} cannot be used" in ran.stderr
            assert len(ran.stderr.splitlines()) == 1
