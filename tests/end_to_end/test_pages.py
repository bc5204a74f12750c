"""What the pages of the docs show runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from mock_openai import MockServer, reply
from ninelives.cassette.lines import AnyLine
from ninelives.fixtures.cassette_settings import OPTIONS
from ninelives.fixtures.cassettes import MODES
from ninelives.recorder import Recorder
from openai import AsyncOpenAI

from tests.pages import saved

DOCS = Path(__file__).parents[2] / "docs"

ALONE = ("-q", "-p", "no:randomly", "-p", "no:asyncio", "-p", "no:anyio")
"""No plugin but ours: what the pages show needs no other."""

pytest_plugins = ["pytester"]


def python_of(page: str) -> list[str]:
    """The Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


@pytest.mark.thorough
def test_the_page_on_virtual_time(pytester: pytest.Pytester) -> None:
    test, program = python_of("understand/virtual-time.md")
    pytester.makepyfile(test_page=test)
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=1)
    assert pytester.runpython(pytester.makepyfile(program=program)).ret == 0


@pytest.mark.thorough
def test_the_page_on_latency(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_page="\n".join(python_of("reference/latency.md")))
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=2)


@pytest.mark.thorough
async def test_the_page_on_recording_and_the_one_on_migrating(pytester: pytest.Pytester) -> None:
    recording = "how-to/record-and-replay.md"
    conftests = [saved(page, "conftest.py") for page in (recording, "how-to/migrate.md")]
    async with (
        MockServer(script=[reply("Hello.")]) as upstream,
        Recorder(upstream.base_url, pytester.path / "greeting.jsonl") as proxy,
        AsyncOpenAI(base_url=proxy.base_url, api_key="any") as client,
    ):
        await client.responses.create(model="gpt-5.4", input="Say hello.")
    for number, conftest in enumerate(conftests):
        folder = pytester.mkdir(f"project{number}")
        (folder / f"test_page{number}.py").write_text(saved(recording, "test_greeting.py"), "utf-8")
        (folder / "conftest.py").write_text(conftest, "utf-8")
        cassette = folder / "cassettes" / f"test_page{number}" / "test_greeting.jsonl"
        cassette.parent.mkdir(parents=True)
        cassette.write_bytes((pytester.path / "greeting.jsonl").read_bytes())
    pytester._monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    how = (*ALONE, "--cassette-mode=none", "--block-network")
    pytester.runpytest_subprocess(*how).assert_outcomes(passed=len(conftests))


def test_what_the_page_on_cassettes_names_is_there() -> None:
    page = (DOCS / "reference/cassettes.md").read_text("utf-8")
    of_other_plugins = {"--allow-hosts", "--allowed-hosts", "--disable-socket"}
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) - of_other_plugins
    source = "".join(
        (DOCS.parent / path).read_text("utf-8")
        for path in (
            "harness/ninelives/cli.py",
            "harness/ninelives/commands/cassettes.py",
            "harness/ninelives/commands/bots.py",
            "harness/ninelives/commands/bot_sessions.py",
            "harness/ninelives/commands/options.py",
            "harness/ninelives/plugin.py",
            "mock_server/mock_openai/cli.py",
        )
    )
    assert {option for option in options if f'"{option}"' not in source} == set()
    for kind in get_args(AnyLine):
        assert f"`{kind.__struct_config__.tag}`" in page
    for mode in MODES:
        assert f"| `{mode}`" in page
    for option in OPTIONS:
        assert f"`{option}`" in page
