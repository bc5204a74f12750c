"""Tools that return at once, in parallel: the model is asked once about their results, and knows them all."""

import asyncio
import sys
from typing import Any

import pytest
from mock_openai import MockServer, call, reply
from ninelives import Bot, VoiceCall, words
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService as Theirs

pytestmark = pytest.mark.virtual_time

SCRIPT = [
    reply("Both are warm.", tool_output="look_up"),
    reply(
        call("look_up", city="Paris"), call("look_up", city="Rome"), call("look_up", city="Oslo"), user="warm"
    ),
    reply("Good."),
]


async def look_up(city: str) -> str:
    """Look up the weather of a city, at once."""
    return f"{city} is warm"


async def test_the_model_is_asked_once(make: Any) -> None:
    async with MockServer(script=SCRIPT) as server:
        async with VoiceCall(make(server), tools={"look_up": look_up}) as caller:
            turn = await caller.say("Is it warm?")
        asked = [each.request for each in server.journal.responses]
    assert turn.text == turn.played == "Both are warm."
    assert len(turn.tools) == 3
    assert len([each for each in asked if each.get("generate") is not False]) == 2


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="seen once, not three times, on 3.13.0 and 3.14.8")
async def test_pipecats_own_asks_again_for_each_result() -> None:
    """Known of Pipecat 1.14: when this fails, its aggregator waits for calls that have not begun."""
    async with MockServer(script=SCRIPT) as server:
        theirs = Theirs(api_key="sk-test", base_url=server.base_url, ws_url=server.ws_url)
        async with VoiceCall(theirs, tools={"look_up": look_up}) as caller:
            turn = await caller.say("Is it warm?")
    assert turn.text == "Both are warm." * 3


async def test_a_slow_tool_holds_up_the_answer_and_no_other_tool(make: Any) -> None:
    began: list[str] = []

    async def slow(city: str) -> str:
        """Look up the weather of a city, slowly in Rome."""
        began.append(city)
        await asyncio.sleep(3 if city == "Rome" else 0)
        return city

    async with MockServer(script=SCRIPT) as server, Bot(make(server), tools={"look_up": slow}) as bot:
        turn = await bot.say("Is it warm?")
        results = [each.at for each in turn.tools]
    assert (turn.text, sorted(began)) == ("Both are warm.", ["Oslo", "Paris", "Rome"])
    assert len(set(results)) == 1


async def test_after_a_barge_in_among_the_calls_the_next_turn_has_tools_too(make: Any) -> None:
    async def slow(city: str) -> str:
        """Look up the weather of a city, slowly."""
        await asyncio.sleep(2)
        return city

    async with (
        MockServer(script=SCRIPT) as server,
        VoiceCall(make(server), tools={"look_up": slow}) as caller,
    ):
        cut = asyncio.create_task(caller.say("Is it warm?"))
        await caller.pause(2.5)
        await caller.say("Never mind.")
        await cut
        turn = await caller.say("Is it warm now?", cut_in=words(2))
    assert turn.played == "Both are"
    assert len(turn.tools) == 3


async def test_the_model_is_asked_once_about_tools_that_run_one_after_another(make: Any) -> None:
    ran: list[str] = []

    async def one_by_one(city: str) -> str:
        """Look up the weather of a city."""
        ran.append(city)
        await asyncio.sleep(0.5)
        return city

    async with (
        MockServer(script=SCRIPT) as server,
        Bot(make(server, run_in_parallel=False), tools={"look_up": one_by_one}) as bot,
    ):
        turn = await bot.say("Is it warm?")
        await bot.wait(5)
        after = await bot.say("Thank you.")
    assert (turn.text, ran) == ("Both are warm.", ["Paris", "Rome", "Oslo"])
    assert after.text == "Good."
