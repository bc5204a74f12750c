"""Every setting on its way to the wire, over both transports, also when it changes while the bot runs."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from mock_openai import MockServer, call, reply
from ninelives import Bot
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat_responses import OpenAIResponsesLLMSettings as Settings
from pipecat_responses import OpenAIResponsesReasoningConfig as Reasoning
from pipecat_responses import Timeouts

pytestmark = pytest.mark.virtual_time

TYPED: dict[str, tuple[Any, dict[str, Any]]] = {
    "model": ("gpt-4o", {"model": "gpt-4o"}),
    "system_instruction": ("Be brief.", {"instructions": "Be brief."}),
    "temperature": (0.5, {"temperature": 0.5}),
    "top_p": (0.9, {"top_p": 0.9}),
    "max_tokens": (100, {"max_output_tokens": 100}),
    "max_completion_tokens": (200, {"max_output_tokens": 200}),
    "parallel_tool_calls": (False, {"parallel_tool_calls": False}),
    "store": (True, {"store": True}),
    "truncation": ("auto", {"truncation": "auto"}),
    "verbosity": ("medium", {"text": {"verbosity": "medium"}}),
    "metadata": ({"room": "7"}, {"metadata": {"room": "7"}}),
    "prompt_cache_key": ("lobby", {"prompt_cache_key": "lobby"}),
    "safety_identifier": ("caller-1", {"safety_identifier": "caller-1"}),
    "extra": ({"top_logprobs": 2}, {"top_logprobs": 2}),
}


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """Every warning that is logged."""
    told: list[str] = []
    handler = logger.add(lambda message: told.append(message.record["message"]), level="WARNING")
    yield told
    logger.remove(handler)


def turns(server: MockServer) -> list[Any]:
    return [body for body in server.journal.requests if body.get("generate") is not False]


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("when", ["from the start", "while it runs"])
async def test_a_setting_reaches_the_wire(make: Any, name: str, when: str) -> None:
    value, sent = TYPED[name]
    initial = Settings(**{name: value}) if when == "from the start" else None
    async with (
        MockServer(script=[reply("Hi.")]) as server,
        Bot(make(server, settings=initial)) as bot,
    ):
        if when == "while it runs":
            await bot.say("hello")
            await bot.update_settings(Settings(**{name: value}))
        turn = await bot.say("again")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert {key: turns(server)[-1].get(key) for key in sent} == sent
    if when == "while it runs":
        assert {key: turns(server)[0].get(key) for key in sent} != sent


async def test_reasoning_and_the_tier_reach_the_wire(make: Any) -> None:
    thinking = Settings(model="gpt-5", reasoning=Reasoning(effort="low", summary="auto"))
    async with (
        MockServer(script=[reply("Hi.")]) as server,
        Bot(make(server, settings=thinking, service_tier="priority")) as bot,
    ):
        await bot.say("hello")
    body = turns(server)[-1]
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["service_tier"] == "priority"


async def test_the_tool_choice_of_the_context_reaches_the_wire(make: Any) -> None:
    def look() -> str:
        return "ok"

    context = LLMContext(tool_choice={"type": "function", "function": {"name": "look"}})
    async with (
        MockServer(script=[reply("Done.", tool_output="look"), reply(call("look"))]) as server,
        Bot(make(server), tools=[look], context=context) as bot,
    ):
        await bot.say("look")
    assert turns(server)[0]["tool_choice"] == {"type": "function", "name": "look"}


async def test_what_the_api_does_not_know_is_said_once_and_not_sent(make: Any, warnings: list[str]) -> None:
    async with (
        MockServer(script=[reply("Hi.")]) as server,
        Bot(make(server, settings=Settings(seed=3, top_k=5))) as bot,
    ):
        await bot.say("hello")
        await bot.update_settings(Settings(seed=4, frequency_penalty=0.5))
        await bot.update_settings(Settings(presence_penalty=0.1))
        turn = await bot.say("again")
    told = [text for text in warnings if "does not support" in text]
    assert [text.partition("does not support ")[2].partition(";")[0] for text in told] == [
        "seed, top_k",
        "frequency_penalty",
        "presence_penalty",
    ]
    assert (turn.text, turn.errors) == ("Hi.", [])
    unknown = {"seed", "top_k", "frequency_penalty", "presence_penalty"}
    assert all(unknown.isdisjoint(body) for body in turns(server))


@pytest.mark.parametrize(("asked", "told"), [("auto", ["default"]), ("priority", ["priority"]), (None, [])])
async def test_the_tier_that_was_used_is_in_the_usage_metrics(
    make: Any, asked: str | None, told: list[str]
) -> None:
    async with MockServer(script=[reply("Hi.")]) as server, Bot(make(server, service_tier=asked)) as bot:
        turn = await bot.say("hello")
    assert [used["service_tier"] for used in turn.usage if "service_tier" in used] == told


# -- stored responses --------------------------------------------------------------------------------


def deletions(server: MockServer) -> list[str]:
    return [
        str(entry.data["path"]).rpartition("/")[2]  # type: ignore[index]
        for entry in server.journal.entries
        if entry.kind == "request" and entry.data.get("method") == "DELETE"  # type: ignore[union-attr]
    ]


async def a_talk(make: Any, server: MockServer, **arguments: Any) -> None:
    """Two answers, one of them cut off by the caller."""
    async with Bot(make(server, settings=Settings(store=True), **arguments)) as bot:
        await bot.say("hello")
        bot.say_soon("and")
        await bot.interrupt(after_words=1)
        await bot.wait(0.1)


async def test_stored_responses_stay_unless_asked_otherwise(make: Any) -> None:
    async with MockServer(script=[reply("Hi there.")], pace="fixed:0.1") as server:
        await a_talk(make, server)
        assert deletions(server) == []


async def test_stored_responses_are_deleted_when_the_service_stops(make: Any, warnings: list[str]) -> None:
    async with MockServer(script=[reply("Hi there, you.")], pace="fixed:0.1") as server:
        await a_talk(make, server, delete_on_close=True)
        assert sorted(deletions(server)) == sorted(str(said.id) for said in server.journal.responses)
        assert len(deletions(server)) == 2
    assert not [text for text in warnings if "deleted" in text]


async def test_what_was_not_stored_is_not_deleted(make: Any) -> None:
    async with MockServer(script=[reply("Hi.")]) as server:
        async with Bot(make(server, delete_on_close=True)) as bot:
            await bot.say("hello")
        assert deletions(server) == []


async def test_deleting_is_bounded_in_time_and_failure_is_said_once(make: Any, warnings: list[str]) -> None:
    async with MockServer(script=[reply("Hi.")]) as server:
        async with Bot(
            make(server, settings=Settings(store=True), delete_on_close=True, timeouts=Timeouts(delete=2.0))
        ) as bot:
            await bot.say("hello")
            await bot.say("again")
            await server.stop()
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 3.0
    assert len([text for text in warnings if "2 stored responses could not be deleted" in text]) == 1
