"""The README line by line, as a newcomer types it."""

from __future__ import annotations

import re
import socket

import pytest

from .conftest import Newcomer, blocks

README = "README.md"
PYTHON = blocks(README)
SHELL = blocks(README, "")


def shell(containing: str) -> str:
    """The one shell block with these words in it."""
    (found,) = [block for block in SHELL if containing in block]
    return found


def with_free_ports(text: str) -> str:
    """The README's ports may be taken on this machine."""
    for port in sorted(set(re.findall(r"\b80\d\d\b", text))):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            text = text.replace(port, str(probe.getsockname()[1]))
    return text


def waiting(text: str) -> str:
    """Wait for each server that is put into the background, and end them all at the end."""
    lines = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for line in text.splitlines():
        lines.append(line)
        if found := re.search(r"--port (\d+).*&\s*(#.*)?$", line):
            lines.append(f"until (: </dev/tcp/127.0.0.1/{found[1]}) 2>/dev/null; do sleep 0.1; done")
    return "\n".join(lines)


def test_the_first_test_passes_twice_under_plain_pytest(newcomer: Newcomer) -> None:
    newcomer.write("test_weather_bot.py", PYTHON[0])
    said = newcomer.types(shell("pytest --snapshot-update"))
    assert "1 snapshot generated" in said
    assert "1 snapshot passed" in said
    assert said.count("1 passed") == 2


def test_the_fault_fails_it_on_one_screen(newcomer: Newcomer) -> None:
    body = "async def test_weather(openai_server, bot, frame_snapshot):\n"
    broken = (
        PYTHON[0].replace("import call, reply", "import call, faults, reply").replace(body, body + PYTHON[1])
    )
    assert broken.count("faults") == 3
    newcomer.write("test_weather_bot.py", broken)
    said = newcomer.types("pytest", exit_code=1)
    assert "ninelives: what was said, heard and broken" in said
    assert "heard 'It is 21 degrees in Paris.'" in said
    assert "reset on connection 1" in said


def test_a_client_is_recorded_and_replayed_without_a_key(newcomer: Newcomer) -> None:
    newcomer.write("ask.py", PYTHON[2])
    lines = with_free_ports(shell("--cassette talk.jsonl")).splitlines()
    (replay,) = [line for line in lines if line.startswith("ninelives replay")]
    lines[lines.index(replay)] = replay.partition("#")[0] + "&"
    port = replay.split()[3]
    ask = f"OPENAI_API_KEY=any OPENAI_BASE_URL=http://127.0.0.1:{port}/v1 python ask.py"
    said = newcomer.types(waiting("\n".join([*lines, ask])))
    assert "replaying talk.jsonl" in said
    assert "1 of 1 recorded exchanges were asked for; 0 requests had no recording" in said


def test_a_script_answers_any_client(newcomer: Newcomer) -> None:
    newcomer.write("ask.py", PYTHON[2].replace("Say hello.", "How is the weather?"))
    newcomer.write("replies.yaml", blocks(README, "yaml")[0])
    newcomer.types(waiting(with_free_ports(shell("mock-openai serve --port 8082"))))


def test_a_bot_of_ones_own_is_judged(newcomer: Newcomer) -> None:
    newcomer.write("my_bot.py", PYTHON[3])
    newcomer.write("test_my_bot.py", PYTHON[4])
    said = newcomer.types(shell("ninelives verdict my_bot:make_service"))
    assert "every promise was kept" in said
    assert " passed" in newcomer.types("pytest -k reset_in_")


@pytest.mark.parametrize(
    "command",
    [
        "ninelives scenarios",
        'ninelives verdict pipecat_responses:OpenAIResponsesLLMService --scenario "calm_*"',
        "ninelives explore pipecat_responses:OpenAIResponsesLLMService --runs 10",
        "ninelives demo",
        "ninelives doctor",
        "python -m ninelives --version",
    ],
)
def test_the_commands_it_names_work(newcomer: Newcomer, command: str) -> None:
    newcomer.types(command)


def test_every_block_of_python_was_run() -> None:
    assert len(PYTHON) == 5
