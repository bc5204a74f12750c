"""With `improvise="tools"` a tool that the prompt names or asks for is called, in every way to ask."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from mock_openai import MockServer

from tests.mock_server.transport.asking import WAYS, response


def function(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "name": name, "description": description, "parameters": parameters}


WEATHER = function("get_weather", "Get the current weather in a place.", location={"type": "string"})
ORDER = function("lookup_order", "Find an order by its number.", number={"type": "integer"})
MAIL = function("sendEmail", "Send a message to somebody.", to={"type": "string"})
FARE = function("quote", "Say what a flight costs.", airport={"type": "string"})
RUN = {"type": "custom", "name": "shell_script", "description": "Run a script."}
WEB = {"type": "web_search"}
TOOLS = [WEATHER, ORDER, MAIL, FARE, RUN, WEB]


async def called(way: str, prompt: Any, *, improvise: str = "tools", **asked: Any) -> list[str]:
    """Give the names of what is called; for what is only said, its type."""
    async with MockServer(improvise=improvise) as server:  # type: ignore[arg-type]
        told = await response(server, way, input=prompt, **{"tools": TOOLS, **asked})
        return [item.get("name") or item["type"] for item in told["output"] if item["type"] != "reasoning"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("What's the weather like in San Francisco?", "get_weather"),
        ("Please use sendemail now", "sendEmail"),
        ("Call `lookup_order`, whatever the weather.", "lookup_order"),
        ("Where are my orders?", "lookup_order"),
        ("I want to write an email to Ann.", "sendEmail"),
        ("How much do flights cost from that airport?", "quote"),
        ("Write a script for me", "shell_script"),
    ],
)
async def test_the_tool_that_the_prompt_names_or_asks_for_is_called(way: str, prompt: str, name: str) -> None:
    assert await called(way, prompt) == [name]
    assert await called(way, prompt, improvise="text") == ["message"]


async def test_a_hosted_tool_is_called_and_answered() -> None:
    assert await called("plain", "Search the web for news.") == ["web_search_call", "message"]


@pytest.mark.parametrize("prompt", ["Hello!", "What is 2+2?", "Tell me a joke.", "", "今天天气怎么样?"])
async def test_what_asks_for_no_tool_gets_text(prompt: str) -> None:
    assert await called("plain", [{"role": "user", "content": prompt}]) == ["message"]


ASK = {"role": "user", "content": "What's the weather?"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}


async def test_the_tools_output_is_answered_with_text_and_the_next_question_with_a_call() -> None:
    assert await called("plain", [ASK, CALL, OUTPUT]) == ["message"]
    said = {"role": "assistant", "content": "Sunny."}
    assert await called("plain", [ASK, CALL, OUTPUT, said, ASK]) == ["get_weather"]
    assert await called("plain", [ASK, CALL, OUTPUT, said, {"role": "user", "content": "Thanks!"}]) == [
        "message"
    ]


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("auto", "get_weather"),
        (None, "get_weather"),
        ("none", "message"),
        ({"type": "function", "name": "quote"}, "quote"),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "quote"}]},
            "message",
        ),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "get_weather"}]},
            ...,
        ),
    ],
)
async def test_the_choice_of_the_request_counts(choice: Any, name: Any) -> None:
    assert await called("plain", [ASK], tool_choice=choice) == ["get_weather" if name is ... else name]


async def test_its_arguments_are_valid_and_the_same_again() -> None:
    async with MockServer(improvise="tools") as server:
        found = [(await response(server, "plain", input=[ASK], tools=TOOLS))["output"][-1] for _ in range(2)]
    arguments = json.loads(found[0]["arguments"])
    jsonschema.validate(arguments, WEATHER["parameters"])
    assert found[0]["arguments"] == found[1]["arguments"]


@pytest.mark.parametrize("improvise", ["text", "tools"])
async def test_a_tool_in_a_namespace_is_called_in_it(improvise: str) -> None:
    """One that the input loads is a namespace of its own name; a forced one too."""
    loaded = {"type": "additional_tools", "role": "developer", "tools": [WEATHER]}
    choice = {"type": "function", "name": "get_weather"} if improvise == "text" else "auto"
    async with MockServer(improvise=improvise) as server:  # type: ignore[arg-type]
        asked = {"input": [loaded, ASK], "tool_choice": choice}
        [call] = (await response(server, "plain", **asked))["output"]
        assert (call["type"], call["name"], call["namespace"]) == (
            "function_call",
            "get_weather",
            "get_weather",
        )
        assert list(call) == ["id", "type", "status", "arguments", "call_id", "name", "namespace"]
        newer = await response(server, "plain", model="gpt-5.6", **asked)
        assert "namespace" not in newer["output"][-1]
        if improvise == "tools":
            crm = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [ORDER]}
            [call] = (await response(server, "plain", input="my order", tools=[crm]))["output"]
            assert (call["name"], call["namespace"]) == ("lookup_order", "crm")


async def test_a_deferred_tool_is_not_called_before_it_is_loaded() -> None:
    tools = [{"type": "tool_search"}, {**WEATHER, "defer_loading": True}]
    assert await called("plain", [ASK], tools=tools) == ["message"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"improvise": "tool"}, "text or tools"),
        ({"improvise": "tools", "upstream": "http://127.0.0.1:1/v1"}, "upstream"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=rf"^improvise: .*{words}"):
        MockServer(**given)
