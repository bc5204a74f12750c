"""The improviser: a stable, sensible and valid answer to anything."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from mock_openai.responders import Call, Improviser, Item, Reasoning, Reply, Text, Turn

Make = Callable[..., Turn]

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "minLength": 3},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 7},
        },
        "required": ["city", "unit", "days"],
        "additionalProperties": False,
    },
}
OTHER = {"type": "function", "name": "other", "parameters": {"type": "object", "properties": {}}}


async def items(turn: Turn, seed: int = 0) -> tuple[Any, ...]:
    answer = await Improviser(seed).answer(turn)
    assert isinstance(answer, Reply)
    return answer.items


async def text(turn: Turn, seed: int = 0) -> str:
    (item,) = await items(turn, seed)
    assert isinstance(item, Text)
    return item.text


@pytest.mark.parametrize("prompt", ["hello", "x" * 5000, "你好", "line\nline", "   "])
async def test_any_prompt_gets_short_text(turn: Make, prompt: str) -> None:
    assert 0 < len(await text(turn(prompt))) < 160


async def test_the_same_request_and_seed_give_the_same_answer(turn: Make) -> None:
    one, other = turn("hello"), turn("hello", previous_response_id="resp_1", transport="http", stream=True)
    assert await text(one) == await text(other)
    assert len({await text(turn("hello"), seed) for seed in range(20)}) > 1


async def test_it_speaks_of_the_tools_output(turn: Make) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"}
    said = await text(turn([output], history=(call,)))
    assert "21 degrees" in said
    assert "get_weather" in said


@pytest.mark.parametrize(
    "choice",
    [
        "required",
        {"type": "function", "name": "get_weather"},
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_weather"}]},
    ],
)
async def test_a_forced_tool_gets_valid_arguments(turn: Make, choice: Any) -> None:
    (call,) = await items(turn("weather", tools=[WEATHER, OTHER], tool_choice=choice))
    assert isinstance(call, Call)
    assert call.name == "get_weather"
    jsonschema.validate(json.loads(call.arguments), WEATHER["parameters"])


async def test_the_tool_that_is_named_is_called(turn: Make) -> None:
    choice = {"type": "function", "name": "other"}
    assert await items(turn(tools=[WEATHER, OTHER], tool_choice=choice)) == (Call("other", "{}"),)


async def test_an_offered_tool_need_not_be_called(turn: Make) -> None:
    assert await text(turn(tools=[WEATHER]))


async def test_a_forced_custom_tool_gets_input(turn: Make) -> None:
    (item,) = await items(turn(tools=[{"type": "custom", "name": "run"}], tool_choice="required"))
    assert isinstance(item, Item)
    assert (item.item["type"], item.item["name"]) == ("custom_tool_call", "run")
    assert item.item["input"]


async def test_a_structured_format_gets_valid_json(turn: Make) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form = {"type": "json_schema", "name": "n", "schema": schema}
    jsonschema.validate(json.loads(await text(turn(text={"format": form}))), schema)


async def test_json_mode_gets_an_object(turn: Make) -> None:
    said = await text(turn("answer in json", text={"format": {"type": "json_object"}}))
    assert isinstance(json.loads(said), dict)


async def test_a_model_that_is_asked_to_think_thinks(turn: Make) -> None:
    thought, said = await items(turn(model="gpt-5.4", reasoning={"effort": "low", "summary": "auto"}))
    assert isinstance(thought, Reasoning)
    assert isinstance(said, Text)
    assert len(await items(turn(model="gpt-5.4", reasoning={"effort": "none"}))) == 1
    assert len(await items(turn(model="gpt-5.4", reasoning={"effort": "low"}, max_output_tokens=16))) == 1
