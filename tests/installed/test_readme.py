"""The README as a newcomer types it. The pages that it leads to are followed in test_pages.py."""

from __future__ import annotations

import pytest

from .conftest import Newcomer, blocks

README = "README.md"
PYTHON = blocks(README)
SHELL = blocks(README, "")


def shell(containing: str) -> str:
    """The one shell block with these words in it."""
    (found,) = [block for block in SHELL if containing in block]
    return found


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
    assert len(PYTHON) == 2
