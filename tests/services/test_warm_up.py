"""The first turn finds a connection that is open and knows instructions and tools."""

import asyncio
import json
from typing import Any

import pytest
from mock_openai import MockServer, call, faults, reply
from ninelives import Bot
from pipecat.frames.frames import Frame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat_responses import OpenAIResponsesLLMService, OpenAIResponsesLLMSettings
from websockets.asyncio.server import ServerConnection

from .test_older_servers import answer_to, server, speak

pytestmark = pytest.mark.virtual_time

INSTRUCTIONS = "You are a friendly voice bot. " * 20
LONG_AGO = [
    {"role": "user", "content": "My name is Ann. " * 40},
    {"role": "assistant", "content": "Hello Ann. " * 40},
]


async def look(where: str) -> str:
    """Look somewhere."""
    return "nothing"


def told(**settings: Any) -> OpenAIResponsesLLMSettings:
    return OpenAIResponsesLLMSettings(system_instruction=INSTRUCTIONS, **settings)


async def test_the_server_is_told_ahead_and_the_first_turn_goes_on_from_there(make_websocket: Any) -> None:
    async with (
        MockServer(script=[reply("Hi Ann.")]) as server,
        Bot(
            make_websocket(server, settings=told()),
            tools=[look],
            context=LLMContext(messages=list(LONG_AGO)),  # type: ignore[arg-type]
        ) as bot,
    ):
        await bot.wait(1)
        turn = await bot.say("hello")
    warm_up, first = server.journal.requests
    assert warm_up["generate"] is False
    assert (warm_up["instructions"], warm_up["tools"]) == (first["instructions"], first["tools"])
    assert [tool["name"] for tool in first["tools"]] == ["look"]
    assert first["previous_response_id"] == server.journal.responses[0].id
    assert first["input"] == [{"role": "user", "content": "hello"}]
    assert (turn.text, turn.errors, turn.dead_air) == ("Hi Ann.", [], 0.0)


async def first_turn_bytes(make: Any, **arguments: Any) -> tuple[int, int]:
    """How many bytes the first turn sends with a long conversation behind it, and in how many requests."""
    context = LLMContext(messages=list(LONG_AGO))  # type: ignore[arg-type]
    async with (
        MockServer(script=[reply("Hi.")]) as server,
        Bot(make(server, **arguments), context=context) as bot,
    ):
        await bot.wait(1)
        before = len(server.journal.requests)
        await bot.say("hello")
    sent = server.journal.requests[before:]
    return sum(len(json.dumps(body)) for body in sent), len(sent)


async def test_the_bytes_and_round_trips_of_a_first_turn(make_websocket: Any) -> None:
    warmed, trips = await first_turn_bytes(make_websocket)
    cold, cold_trips = await first_turn_bytes(make_websocket, warm_up=False)
    assert (trips, cold_trips) == (1, 1)
    assert warmed * 4 < cold


async def test_without_messages_instructions_and_tools_are_told(make_websocket: Any) -> None:
    async with (
        MockServer(script=[reply("Done.", tool_output="look"), reply(call("look", where="here"))]) as server,
        Bot(make_websocket(server, settings=told()), tools=[look]) as bot,
    ):
        await bot.wait(1)
        turn = await bot.say("look around")
    warm_up, first, _ = server.journal.requests
    assert (warm_up["input"], warm_up["instructions"]) == ([], INSTRUCTIONS)
    assert first["previous_response_id"]
    assert (turn.text, turn.errors) == ("Done.", [])


async def test_who_has_nothing_to_tell_tells_nothing(make_websocket: Any) -> None:
    async with MockServer(script=[reply("Hi.")]) as server, Bot(make_websocket(server)) as bot:
        await bot.wait(1)
        assert server.journal.requests == []
        await bot.say("hello")


async def test_it_can_be_switched_off(make_websocket: Any) -> None:
    async with (
        MockServer(script=[reply("Hi.")]) as server,
        Bot(make_websocket(server, settings=told(), warm_up=False), tools=[look]) as bot,
    ):
        await bot.wait(1)
        assert server.journal.requests == []
        await bot.say("hello")
    assert len(server.journal.requests) == 1


async def test_a_turn_does_not_wait_for_a_warm_up(make_websocket: Any) -> None:
    plan = [faults.at(event="response.in_progress").delay(3.0)]
    async with (
        MockServer(script=[reply("Hi.")], faults=plan) as server,
        Bot(make_websocket(server, settings=told())) as bot,
    ):
        await server.journal.wait(lambda journal: len(journal.requests) == 1)
        turn = await bot.say("hello")
    assert (turn.text, turn.errors, turn.dead_air) == ("Hi.", [], 0.0)
    assert server.journal.connections == 1


async def test_a_warm_up_that_gets_stuck_takes_no_answer_with_it(make_websocket: Any) -> None:
    plan = [faults.at().missing_terminal()]
    async with (
        MockServer(script=[reply("one two three four five six")], faults=plan, pace="fixed:0.2") as server,
        Bot(make_websocket(server, settings=told())) as bot,
    ):
        await bot.wait(9.5)  # the warm-up is given up after ten seconds
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("one two three four five six", [])
    assert server.journal.connections == 1


async def test_no_turn_queues_behind_what_is_left_of_a_warm_up(make_websocket: Any) -> None:
    plan = [faults.at(event="terminal", when="after").stall()]
    async with (
        MockServer(script=[reply("Hi.")], faults=plan) as server,
        Bot(make_websocket(server, settings=told())) as bot,
    ):
        await bot.wait(1)
        turns = [await bot.say(word) for word in ("one", "two", "three")]
    assert [(turn.text, turn.errors, turn.dead_air) for turn in turns] == [("Hi.", [], 0.0)] * 3
    assert len({body["stream_id"] for body in server.journal.requests}) == 3


async def test_a_warm_up_that_fails_is_not_heard_and_tried_on_the_next_connection(
    make_websocket: Any,
) -> None:
    plan = [faults.at().overloaded(), faults.at(turn=1, phase="idle", at=5.0).reset()]
    async with (
        MockServer(script=[reply("Hi.")], faults=plan) as server,
        Bot(make_websocket(server, settings=told())) as bot,
    ):
        await bot.wait(1)
        await bot.say("hello")
        await bot.wait(10)
        turn = await bot.say("again")
    assert (turn.text, bot.errors) == ("Hi.", [])
    assert [body.get("generate") for body in server.journal.requests] == [False, None, False, None]


async def test_a_warm_up_that_meets_a_limit_is_tried_on_the_next_connection(make_websocket: Any) -> None:
    plan = [faults.at(connection=1).server_error(400, "websocket_connection_limit_reached")]
    async with (
        MockServer(script=[reply("Hi.")], faults=plan) as server,
        Bot(make_websocket(server, settings=told())) as bot,
    ):
        await bot.wait(1)
        turn = await bot.say("hello")
    assert (turn.text, bot.errors) == ("Hi.", [])
    assert [body.get("generate") for body in server.journal.requests] == [False, False, None]


async def test_a_processor_that_has_no_context_yet_costs_no_connection(make_websocket: Any) -> None:
    class Later(FrameProcessor):
        @property
        def context(self) -> LLMContext:
            raise RuntimeError("not now")

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            await self.push_frame(frame, direction)

    plan = [faults.at(connection=number, turn=1, phase="idle", at=0.5).reset() for number in (1, 2)]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server:
        service = make_websocket(server, settings=told())
        pair = LLMContextAggregatorPair(LLMContext())
        async with Bot([pair.user(), Later(), service, pair.assistant()]) as bot:
            turns = []
            for word in ("one", "two", "three"):
                turns.append(await bot.say(word))
                await bot.wait(1)
    assert [(turn.text, turn.errors) for turn in turns] == [("Hi.", [])] * 3
    assert server.journal.connections == 3


@pytest.mark.parametrize("pause", [0.0, 0.05, 1.0])
async def test_a_server_that_generates_anyway_is_not_listened_to(pause: float) -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        await asyncio.sleep(0.1)
        await speak(socket, answer_to(body) if body["input"] else "I was not asked.")

    async with server(answer) as (url, asked):
        service = OpenAIResponsesLLMService(api_key="k", ws_url=url, settings=told())
        async with Bot(service) as bot:
            await bot.wait(pause)
            turn = await bot.say("one")
            again = await bot.say("two")
    assert (turn.text, again.text, bot.errors) == ("You said one.", "You said two.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 0.5
    assert len([body for body in asked if body.get("generate") is False]) <= 1


async def test_a_server_that_refuses_warm_ups_is_asked_once() -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        lane = {"stream_id": body["stream_id"]}
        if "generate" in body:
            error = {"code": "unknown_parameter", "message": "Unknown parameter: 'generate'."}
            error["param"] = "generate"
            await socket.send(json.dumps({"type": "error", "status": 400, "error": error, **lane}))
        else:
            await speak(socket, answer_to(body), **lane)
            await socket.close()

    async with server(answer) as (url, asked):
        service = OpenAIResponsesLLMService(api_key="k", ws_url=url, settings=told())
        async with Bot(service) as bot:
            for word in ("one", "two", "three"):
                await bot.wait(1)
                assert (await bot.say(word)).text == f"You said {word}."
    assert bot.errors == []
    assert [body.get("generate") for body in asked] == [False, None, None, None]


@pytest.mark.parametrize("code", [1008, 1011, 1013])
async def test_where_every_request_costs_the_connection_it_knocks_ever_more_rarely(code: int) -> None:
    async with MockServer(script=[reply("Yes.")]) as server:
        service = OpenAIResponsesLLMService(api_key="any", ws_url=server.ws_url)
        async with Bot(service) as bot:
            assert (await bot.say("Are you there?")).text == "Yes."
            server.faults.add(faults.at(phase="request", times=None).close(code))
            await bot.say("And now?")
            opened = len([entry for entry in server.journal.entries if entry.kind == "open"])
            await asyncio.sleep(60)
            times = [entry.at for entry in server.journal.entries if entry.kind == "open"][opened:]
        assert 1 <= len(times) <= 20
        assert times[-1] - times[-2] > 4
