"""The user cuts in: the next turn starts at once and answers its own question."""

from typing import Any

import pytest
from mock_openai import MockServer, faults, reply
from ninelives import Bot

pytestmark = pytest.mark.virtual_time

LONG = " ".join(f"word{number}" for number in range(40))
SCRIPT = [reply(LONG, user="long"), reply("Short.", user="short"), reply("Third.", user="third")]


@pytest.mark.parametrize("on_cancel", ["honour", "ignore", "reject"])
async def test_after_a_barge_in_the_next_answer_is_its_own_and_immediate(make: Any, on_cancel: Any) -> None:
    async with (
        MockServer(script=SCRIPT, pace="fixed:0.2", on_cancel=on_cancel) as server,
        Bot(make(server)) as bot,
    ):
        first = bot.say_soon("long")
        await bot.interrupt(after_words=3)
        second = await bot.say("short")
        third = await bot.say("third")
    assert LONG.startswith(first.text)
    assert len(first.text) < len(LONG)
    assert (second.text, second.errors) == ("Short.", [])
    assert second.dead_air is not None
    assert second.dead_air < 1.3  # the mock's own pace up to the first word, nothing else
    assert (third.text, third.errors) == ("Third.", [])


@pytest.mark.parametrize("moments", [0.05, 0.1, 0.3, 0.5])
async def test_cutting_in_before_anything_was_said(make: Any, moments: float) -> None:
    async with MockServer(script=SCRIPT, pace="fixed:0.2") as server, Bot(make(server)) as bot:
        await bot.say("short")
        bot.say_soon("long")
        await bot.wait(moments)
        await bot.interrupt()
        turn = await bot.say("third")
    assert (turn.text, turn.errors) == ("Third.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 1.3


async def test_a_silent_server_costs_the_next_turn_nothing(make: Any) -> None:
    plan = [faults.at(turn=1, event="response.output_text.delta", nth=3).stall()]
    async with MockServer(script=SCRIPT, faults=plan) as server, Bot(make(server)) as bot:
        bot.say_soon("long")
        await bot.interrupt(after_words=2)
        turn = await bot.say("short")
    assert (turn.text, turn.errors, turn.dead_air) == ("Short.", [], 0.0)


async def test_an_interrupted_turn_keeps_its_lane_and_the_connection(make_websocket: Any) -> None:
    async with MockServer(script=SCRIPT, pace="fixed:0.2") as server, Bot(make_websocket(server)) as bot:
        await bot.say("short")
        bot.say_soon("long")
        await bot.interrupt(after_words=3)
        await bot.say("third")
    assert server.journal.connections == 1
    lanes = [said.lane for said in server.journal.responses]
    assert lanes[2] != lanes[1]
    # The turn after the interruption still builds on the last answer that was whole.
    first, _, third = server.journal.responses
    assert third.request["previous_response_id"] == first.id


async def test_a_server_without_lanes_loses_the_connection_instead(make_websocket: Any) -> None:
    async with (
        MockServer(script=SCRIPT, pace="fixed:0.2") as server,
        Bot(make_websocket(server, lanes=False)) as bot,
    ):
        await bot.say("short")
        for _ in range(3):
            bot.say_soon("long")
            await bot.interrupt(after_words=3)
            turn = await bot.say("third")
            assert (turn.text, turn.errors) == ("Third.", [])
            assert turn.dead_air is not None
            assert turn.dead_air < 1.3
    assert all("stream_id" not in body for body in server.journal.requests)


async def test_forty_interruptions_in_a_row(make_websocket: Any) -> None:
    async with MockServer(script=SCRIPT, pace="fixed:0.2") as server, Bot(make_websocket(server)) as bot:
        for _ in range(40):
            bot.say_soon("long")
            await bot.interrupt(after_words=2)
        turn = await bot.say("short")
    assert (turn.text, turn.errors, bot.errors) == ("Short.", [], [])
