"""Chaos beside the real API: disasters at random between a client and an upstream, each one repeatable."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from mock_openai import MockServer, reply
from mock_openai.cli import app
from mock_openai.commands.usage_error import run
from mock_openai.faults import Chaos, Disaster, Injection, loads
from mock_openai.faults.chaos import read_rate
from ninelives.evals.disasters import named
from ninelives.usage_error import UsageError
from openai import AsyncOpenAI

from tests.terminal import run_here

TURNS = 40
TALE = "A cloud is a great many drops of water that have not yet decided to fall."


def chaos(pattern: str, rate: float, seed: int, told: list[Injection]) -> Chaos:
    return Chaos([Disaster(*each) for each in named(pattern)], rate, seed=seed, tell=told.append)


async def conversation(server: MockServer, turns: int = TURNS) -> list[int]:
    """The turns, from 1, whose answer did not come whole."""
    failed = []
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        for turn in range(1, turns + 1):
            heard = ""
            with suppress(Exception):  # what a client raises for a reset depends on its HTTP library
                answer = await client.responses.create(model="gpt-4.1", input="Clouds?", stream=True)
                async with answer as events:
                    async for event in events:
                        heard += event.delta if event.type == "response.output_text.delta" else ""
            if heard != TALE:
                failed.append(turn)
    return failed


async def test_some_turns_are_broken_and_all_others_reach_the_upstream_whole() -> None:
    told: list[Injection] = []
    async with MockServer(script=[reply(TALE)]) as upstream:
        async with MockServer(
            upstream=upstream.base_url, chaos=chaos("reset_in_mid_sentence", 0.2, 3, told)
        ) as server:
            failed = await conversation(server)
        asked = len([each for each in upstream.journal.entries if each.kind == "request"])
    assert asked == TURNS
    assert failed == [injection.turn for injection in told]
    assert 0 < len(failed) < TURNS


async def test_the_same_seed_strikes_the_same_turns_and_another_seed_others() -> None:
    async def strikes(seed: int) -> list[tuple[int, str]]:
        told: list[Injection] = []
        async with MockServer(script=[reply(TALE)], chaos=chaos("reset_*", 0.3, seed, told)) as server:
            await conversation(server)
        return [(injection.turn, injection.disaster.name) for injection in told]

    first = await strikes(7)
    assert first == await strikes(7)
    assert first != await strikes(8)
    assert len({name for _, name in first}) > 1


async def test_a_strike_says_how_to_repeat_it() -> None:
    told: list[Injection] = []
    async with MockServer(script=[reply(TALE)], chaos=chaos("reset_in_mid_sentence", 0.2, 3, told)) as server:
        await conversation(server)
    line = str(told[0])
    assert line.startswith(f"chaos: turn {told[0].turn}: reset_in_mid_sentence: The connection is reset")
    assert "--faults reset_in_mid_sentence --rate 100%" in line
    plan = re.search(r"as a fault plan: (\{.*\})$", line)
    assert plan is not None
    async with MockServer(script=[reply(TALE)], faults=loads(plan[1])) as server:
        assert await conversation(server) == [told[0].turn]


async def test_what_cannot_strike_in_a_turn_does_not_wait_for_another() -> None:
    told: list[Injection] = []
    async with MockServer(script=[reply(TALE)], chaos=chaos("call_cut_in_half", 1.0, 0, told)) as server:
        assert await conversation(server) == []  # no turn calls a tool
        assert len(server.faults) <= 40
    assert told == []


def test_a_rate_is_a_percentage_or_a_share() -> None:
    assert [read_rate(text) for text in ("1%", "0.01", " 12.5 % ", "100%", "1")] == [
        0.01,
        0.01,
        0.125,
        1.0,
        1.0,
    ]
    for text in ("0", "101%", "-1%", "often", "", "1.5"):
        with pytest.raises(ValueError, match="not a share of turns"):
            read_rate(text)


def test_names_are_those_of_the_laboratory() -> None:
    assert len(named("reset_*")) > 10
    with pytest.raises(UsageError, match="need a bot that is starting"):
        named("handshake_401_at_the_start")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--faults", "reset_*"], "to give names of scenarios, add --rate"),
        (["--rate", "1%"], "add for example --faults"),
        (["--faults", "plan.yaml", "--rate", "1%"], "add for example --faults 'reset_*'"),
        (["--faults", "nothing_like_it", "--rate", "1%"], "no scenario is called"),
        (["--faults", "reset_*", "--rate", "often"], "'often' is not a share of turns"),
        (["--faults", "plan.yaml"], "plan.yaml"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = run_here(partial(run, app), ("serve", "--port", "0", *arguments), columns=200, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
