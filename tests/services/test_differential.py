"""The same conversations through Pipecat's services and ours: where Pipecat is right, the frames agree."""

import re
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from mock_openai import Incomplete, MockServer, Reasoning, call, reply
from ninelives import Bot
from ninelives.frames.lines import to_lines
from pipecat.services.openai.responses import llm as theirs
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

pytestmark = pytest.mark.virtual_time

KINDS = {
    "websocket": (OpenAIResponsesLLMService, theirs.OpenAIResponsesLLMService),
    "http": (OpenAIResponsesHttpLLMService, theirs.OpenAIResponsesHttpLLMService),
}


async def look(where: str = "") -> dict[str, str]:
    return {"found": where}


CONVERSATIONS: dict[str, tuple[list[Any], list[str], dict[str, Any]]] = {
    "text": ([reply("Hello there, friend.")], ["one", "two"], {}),
    "a tool": (
        [reply("Found it.", tool_output="look"), reply(call("look", where="door"), user="look")],
        ["look", "look again"],
        {},
    ),
    "text and two tools": (
        [
            reply("Found both.", tool_output="look"),
            reply("Wait.", call("look", where="a"), call("look", where="b"), user="look"),
        ],
        ["look"],
        {},
    ),
    "thoughts": (
        [reply(Reasoning(("Let me think.",)), "Because.", user="why")],
        ["why", "why again"],
        {"model": "gpt-5", "reasoning": {"effort": "low", "summary": "auto"}},
    ),
    "an answer cut by its limit": (
        [reply("Once upon", finish=Incomplete("max_output_tokens"))],
        ["story"],
        {},
    ),
}


# What rightly differs: ids and ciphertexts are the server's choice, the tokens of a request depend on
# how much of the conversation it repeats, and the error texts say more.
DIFFERS = re.compile(
    r'(call_\w+|gAAAA[\w-]+=*|rs_\w+|"(?:prompt|total)_tokens":\d+|"error":"[^"]*"|"category":"\w+")'
)


def comparable(line: str) -> str:
    return DIFFERS.sub("*", line)


def in_progress_first(lines: list[str]) -> list[str]:
    """With the calls of a response all in progress before the first result: with Pipecat each comes when its
    own task runs, and a result that overtakes a call has the model asked twice.
    """
    ordered: list[str] = []
    for tools, group in groupby(lines, lambda line: "FunctionCallInProgress" in line or "CallResult" in line):
        some = list(group)
        ordered += sorted(some, key=lambda line: "CallResult" in line) if tools else some
    return ordered


async def frames_of(
    service_class: Any, make_settings: Callable[[Any], Any], script: Any, said: list[str]
) -> list[str]:
    async with MockServer(script=script) as server:
        arguments = {
            "base_url": server.base_url,
            "api_key": "sk-test",
            "settings": make_settings(service_class),
        }
        if service_class is theirs.OpenAIResponsesLLMService:
            arguments["ws_url"] = server.ws_url
        async with Bot(service_class(**arguments), tools=[look]) as bot:
            for text in said:
                await bot.say(text)
        return in_progress_first([comparable(line) for line in to_lines(bot.frames)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_equal_frames(kind: str, name: str) -> None:
    ours, pipecats = KINDS[kind]
    script, said, given = CONVERSATIONS[name]

    def settings(service_class: Any) -> Any:
        fields = dict(given)
        if "reasoning" in fields:
            fields["reasoning"] = service_class.ReasoningConfig(**fields["reasoning"])
        return service_class.Settings(**fields)

    assert await frames_of(ours, settings, script, said) == await frames_of(pipecats, settings, script, said)
