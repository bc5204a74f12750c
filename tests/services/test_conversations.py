"""What a bot says and does on either service while everything works."""

from typing import Any

import pytest
from mock_openai import Incomplete, MockServer, Reasoning, Refusal, call, reply
from ninelives import Bot
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import Frame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat_responses import OpenAIResponsesReasoningConfig
from pipecat_responses.base import ResponsesService

pytestmark = pytest.mark.virtual_time

OWN_FRAMES = (
    *("LLMFullResponseStartFrame", "LLMTextFrame", "LLMFullResponseEndFrame", "MetricsFrame"),
    *("LLMThoughtStartFrame", "LLMThoughtTextFrame", "LLMThoughtEndFrame", "LLMMessagesAppendFrame"),
    *("FunctionCallsStartedFrame", "FunctionCallInProgressFrame", "FunctionCallResultFrame"),
)


def told(frame: Frame) -> str:
    """A frame in one word; metrics by what they measure."""
    if type(frame).__name__ == "MetricsFrame":
        return type(frame.data[0]).__name__.removesuffix("MetricsData")  # type: ignore[attr-defined]
    return type(frame).__name__.removesuffix("Frame")


def own_frames(turn: Any) -> list[str]:
    names = [
        told(c.frame) for c in turn.frames if c.direction == "down" and type(c.frame).__name__ in OWN_FRAMES
    ]
    return [
        name for name, before in zip(names, ["", *names], strict=False) if name != before
    ]  # runs count once


async def test_text_and_its_frames(make: Any) -> None:
    async with MockServer(script=[reply("Hello there, friend.")]) as server, Bot(make(server)) as bot:
        turn = await bot.say("hello")
    assert turn.text == "Hello there, friend."
    assert own_frames(turn) == [
        "LLMFullResponseStart",
        "TTFB",
        "TTFAT",
        "LLMText",
        "LLMUsage",
        "Processing",
        "LLMFullResponseEnd",
    ]
    assert bot.errors == []


async def test_usage_tells_cached_and_reasoning_tokens(make: Any) -> None:
    usage = {"input_tokens": 100, "cached_tokens": 64, "output_tokens": 20, "reasoning_tokens": 7}
    async with MockServer(script=[reply("Hi.", usage=usage)]) as server, Bot(make(server)) as bot:
        turn = await bot.say("hello")
    assert [dict(told) for told in turn.usage] == [
        {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "cache_read_input_tokens": 64,
            "cache_creation_input_tokens": 0,
            "reasoning_tokens": 7,
        }
    ]


async def test_a_tool_runs_once_and_its_result_is_spoken(make: Any) -> None:
    script = [
        reply("It is 21 degrees.", tool_output="get_weather"),
        reply("Wait.", call("get_weather", city="Paris"), user="weather"),
    ]

    async def get_weather(city: str) -> str:
        return f"21 in {city}"

    async with (
        MockServer(script=script) as server,
        Bot(make(server), tools={"get_weather": get_weather}) as bot,
    ):
        turn = await bot.say("weather?")
    assert turn.text == "Wait.It is 21 degrees."
    assert [(run.name, dict(run.arguments), run.result) for run in turn.calls] == [
        ("get_weather", {"city": "Paris"}, "21 in Paris")
    ]
    assert own_frames(turn)[:9] == [
        "LLMFullResponseStart",
        "TTFB",
        "TTFAT",
        "LLMText",
        "LLMUsage",
        "FunctionCallsStarted",
        "Processing",
        "LLMFullResponseEnd",
        "FunctionCallInProgress",
    ]


async def test_parallel_tools_each_run_once(make: Any) -> None:
    script = [
        reply("Both done.", tool_output="two"),
        reply(call("one", n=1), call("two", n=2), user="both"),
    ]
    ran: list[tuple[str, int]] = []

    async def one(n: int) -> str:
        ran.append(("one", n))
        return "1"

    async def two(n: int) -> str:
        ran.append(("two", n))
        return "2"

    async with MockServer(script=script) as server, Bot(make(server), tools=[one, two]) as bot:
        turn = await bot.say("both")
    assert sorted(ran) == [("one", 1), ("two", 2)]
    assert turn.text == "Both done."


async def test_thoughts_pair_and_encrypted_reasoning_goes_out_again(make: Any) -> None:
    script = [
        reply("And that is why.", user="why"),
        reply(Reasoning(("Let me see.", "Yes.")), "Because.", user="think"),
    ]
    settings = ResponsesService.Settings(
        model="gpt-5", reasoning=OpenAIResponsesReasoningConfig(effort="low", summary="auto")
    )
    async with MockServer(script=script) as server, Bot(make(server, settings=settings)) as bot:
        turn = await bot.say("think")
        await bot.say("why")
    assert "".join(turn.thoughts).replace("\n", "") == "Let me see.Yes."
    assert turn.count("LLMThoughtStartFrame") == turn.count("LLMThoughtEndFrame") == 1
    assert turn.count("LLMMessagesAppendFrame") == 1
    kept = [m for m in bot.context.get_messages() if not isinstance(m, dict)]
    assert len(kept) == 1
    first, second = server.journal.requests
    assert first["include"] == ["reasoning.encrypted_content"]
    if "previous_response_id" not in second:
        assert [item["type"] for item in second["input"] if "type" in item] == ["reasoning"]


async def test_a_refusal_is_spoken(make: Any) -> None:
    async with MockServer(script=[reply(Refusal("I cannot do that."))]) as server, Bot(make(server)) as bot:
        turn = await bot.say("do it")
    assert turn.text == "I cannot do that."
    assert bot.errors == []


async def test_an_answer_cut_by_its_limit_is_spoken_and_reported_once(make: Any) -> None:
    script = [reply("Once upon a", finish=Incomplete("max_output_tokens"))]
    async with MockServer(script=script) as server, Bot(make(server)) as bot:
        turn = await bot.say("story")
    assert turn.text == "Once upon a"
    assert [error.category for error in turn.errors] == ["application"]
    assert "max_completion_tokens" in turn.errors[0].message
    assert turn.usage


async def test_settings_changed_at_run_time_count_for_the_next_turn(make: Any) -> None:
    async with MockServer(script=[reply("Hi.")]) as server, Bot(make(server)) as bot:
        await bot.say("one")
        await bot.update_settings(temperature=0.25, system_instruction="Be brief.", model="gpt-4o")
        await bot.say("two")
    first, second = server.journal.requests
    assert "temperature" not in first
    assert (second["temperature"], second["instructions"], second["model"]) == (0.25, "Be brief.", "gpt-4o")
    assert len(second["input"]) == 3  # another model may not build on what this one remembers


async def test_a_tool_choice_in_the_context_reaches_the_wire(make: Any) -> None:
    look = FunctionSchema(name="look", description="", properties={}, required=[])
    context = LLMContext(
        tools=ToolsSchema(standard_tools=[look]),
        tool_choice={"type": "function", "function": {"name": "look"}},
    )
    async with MockServer(script=[reply("Hi.")]) as server, Bot(make(server), context=context) as bot:
        await bot.say("hello")
    assert server.journal.requests[0]["tool_choice"] == {"type": "function", "name": "look"}


async def test_run_inference_answers_beside_the_pipeline(make: Any) -> None:
    script = [reply("Hello.", user="hello"), reply('{"a":1}', user="summarize")]
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    async with MockServer(script=script) as server:
        service = make(server)
        async with Bot(service) as bot:
            await bot.say("hello")
            context = LLMContext(messages=[{"role": "user", "content": "summarize"}])
            answer = await service.run_inference(
                context, max_tokens=50, system_instruction="Short.", response_schema=schema
            )
    assert answer == '{"a":1}'
    body = server.journal.requests[-1]
    assert (body["stream"], body["max_output_tokens"], body["instructions"]) == (False, 50, "Short.")
    assert body["text"]["format"] == {
        "type": "json_schema",
        "name": "response",
        "schema": schema,
        "strict": True,
    }


async def test_the_bot_speaks_first(make: Any) -> None:
    async with MockServer(script=[reply("Welcome.")]) as server, Bot(make(server), system="Greet.") as bot:
        turn = await bot.greet()
    assert turn.text == "Welcome."


@pytest.mark.virtual_time
async def test_turns_and_rounds_of_tools_share_a_connection(make: Any) -> None:
    script = [
        {"when": {"tool_output": "look"}, "reply": [{"text": "It is red."}]},
        {"when": {"user": "colour"}, "reply": [{"call": "look"}]},
        {"when": {"user": "Hello"}, "reply": [{"text": "Hello."}]},
    ]

    async def look() -> str:
        return "red"

    async with MockServer(script=script) as server, Bot(make(server), tools=[look]) as bot:
        await bot.say("Hello")
        assert (await bot.say("What colour is it?")).text == "It is red."
        assert server.journal.connections == 1
