"""What the README tells a newcomer: its test, its fault, its commands and its links work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from mock_openai import call, faults, reply
from ninelives import Bot
from pipecat_responses import OpenAIResponsesLLMService

from tests.effort import HANG

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_test_in_the_readme_is_the_example_that_our_own_suite_runs() -> None:
    example = (ROOT / "examples" / "test_weather_bot.py").read_text(encoding="utf-8")
    shown = _blocks("python")[0]
    assert example.endswith(shown)
    body = shown.split("@pytest.mark.virtual_time\n")[1]
    assert len([line for line in body.splitlines() if line.strip()]) <= 15


@pytest.mark.virtual_time
async def test_the_fault_in_the_readme_strikes_after_three_words(openai_server) -> None:
    openai_server.script.add(reply(call("get_weather", city="Paris"), user="weather"))
    openai_server.script.add(reply("It is 21 degrees in Paris.", tool_output="get_weather"))
    line = _blocks("python")[1].strip()
    exec(line, {"openai_server": openai_server, "faults": faults})
    service = OpenAIResponsesLLMService(api_key="any", ws_url=openai_server.ws_url)

    def get_weather(city: str) -> str:
        """Get the weather of a city."""
        return f"21 degrees in {city}"

    async with Bot(service, tools=[get_weather]) as user:
        turn = await user.say("What's the weather in Paris?")
    assert turn.spoken_before_loss == ["It is 21"]
    assert (turn.text, turn.errors) == ("It is 21 degrees in Paris.", [])


def test_every_command_in_the_readme_exists() -> None:
    commands = set(re.findall(r"^(ninelives|mock-openai) ([a-z]+)", README, re.MULTILINE))
    assert len(commands) >= 6
    modules = {"ninelives": "ninelives.cli", "mock-openai": "mock_openai.cli"}
    for program in modules:
        done = subprocess.run(
            [sys.executable, "-c", f"from {modules[program]} import main; main()", "--help"],
            capture_output=True,
            text=True,
            timeout=HANG,
        )
        for name in (command for its_program, command in commands if its_program == program):
            assert re.search(rf"^\W*{name}\b", done.stdout, re.MULTILINE), f"{program} {name}"


def test_every_link_in_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
