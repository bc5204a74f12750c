"""Two services behind Pipecat's switcher: what the caller hears when one of them goes on failing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mock_openai import MockServer, call, faults, reply
from ninelives import Bot
from pipecat.frames.frames import LLMContextFrame
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.service_switcher import ServiceSwitcherStrategyFailover
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat_responses import OpenAIResponsesHttpLLMService
from pipecat_responses.base import ResponsesService

from .conftest import set_up

pytestmark = pytest.mark.virtual_time
Make = Callable[..., ResponsesService]


async def test_after_failed_turns_the_other_service_answers_and_the_first_comes_back(make: Make) -> None:
    """The caller hears nothing in the turns that failed, then the other service, which knows the talk so far.

    The switcher keeps the error that made it switch to itself.
    """
    outage = faults.at(phase="request", times=None).server_error()
    async with (
        MockServer(script=[reply("From the first.")], faults=[outage]) as first,
        MockServer(script=[reply("From the second.")]) as second,
    ):
        main, spare = make(first, unusable_after=2), make(second)
        switcher: Any = LLMSwitcher([main, spare], ServiceSwitcherStrategyFailover)
        async with Bot(switcher) as bot:
            turns = [await bot.say(text) for text in ("one", "two", "three")]
            assert not main.is_usable
            usable = asyncio.Event()
            main.add_event_handler("on_usable_changed", lambda service, is_usable: usable.set())
            first.faults.clear()
            await usable.wait()
            assert main.is_usable
        assert [turn.text for turn in turns] == ["", "", "From the second."]
        assert [len(turn.errors) for turn in turns] == [1, 0, 0]
        asked = [item["content"] for item in second.journal.requests[-1]["input"]]
        assert asked[-3:] == ["one", "two", "three"]


async def test_one_answered_turn_begins_the_count_anew(make: Make) -> None:
    failing = [faults.at(turn=number, phase="request").server_error() for number in (1, 2, 3, 5, 6, 7)]
    async with MockServer(script=[reply("Yes.")], faults=failing) as server:
        service = make(server, unusable_after=2)
        async with Bot(service) as bot:
            turns = [await bot.say(text) for text in ("one", "two", "three")]
            assert service.is_usable
    assert [turn.text for turn in turns] == ["", "Yes.", ""]


async def test_a_service_without_the_option_stays_usable(make: Make) -> None:
    outage = faults.at(phase="request", times=None).server_error()
    async with MockServer(script=[reply("Yes.")], faults=[outage]) as server:
        service = make(server)
        async with Bot(service) as bot:
            for text in ("one", "two", "three"):
                await bot.say(text)
            assert service.is_usable


async def test_what_another_service_would_fail_at_as_well_does_not_count(make: Make) -> None:
    wrong = faults.at(phase="request", times=None).server_error(400, "context_length_exceeded")
    async with MockServer(script=[reply("Yes.")], faults=[wrong]) as server:
        service = make(server, unusable_after=1)
        async with Bot(service) as bot:
            await bot.say("one")
            assert service.is_usable


async def test_a_turn_that_fails_while_the_service_stops_leaves_no_probe(make: Make) -> None:
    async with MockServer(script=[reply(call("look"), user="one")]) as server:
        service = make(server, unusable_after=1)

        @service.event_handler("on_function_calls_started")
        async def note(*_: object) -> None:  # Pipecat waits for handlers when a service stops
            await asyncio.sleep(10)

        await set_up(service)
        for question in ("one", "two"):
            context = LLMContext(messages=[{"role": "user", "content": question}])
            await service.queue_frame(LLMContextFrame(context))
            await asyncio.sleep(0.1)
            server.faults.add(faults.at(phase="request", times=None).server_error())
        await service.cleanup()
        assert not service.is_usable
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "responses-probe"]


def test_a_number_of_turns_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="unusable_after must be a number of turns, at least 1, or None: 0"):
        OpenAIResponsesHttpLLMService(api_key="any", unusable_after=0)
