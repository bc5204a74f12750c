"""No message of a service has its key: not in a log of any level, not in an error frame."""

from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from mock_openai import MockServer, reply
from ninelives import Bot
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

pytestmark = pytest.mark.virtual_time

KEY = "Zq8rW3xK7mP2"
"""Twelve characters: the API repeats a wrong key of that length whole (observed)."""


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Everything that is logged, with tracebacks."""
    lines: list[str] = []
    handler = logger.add(lines.append, level=0, diagnose=False)
    yield lines
    logger.remove(handler)


def shown(bot: Bot, told: list[str]) -> str:
    return "".join(told) + str(bot.errors) + str(bot.connection_errors)


async def test_a_server_that_repeats_a_wrong_key(make: Any, told: list[str]) -> None:
    async with (
        MockServer(script=[reply("Hi.")], api_key="another-key") as server,
        Bot(make(server, api_key=KEY)) as bot,
    ):
        turn = await bot.say("hello")
    assert [error.category for error in turn.errors] == ["authentication"]
    assert "Incorrect API key provided: [redacted]" in shown(bot, told)
    assert KEY not in shown(bot, told)


async def test_an_error_that_quotes_the_key_of_its_request(make: Any, told: list[str]) -> None:
    refusal = {"status": 403, "code": "over_budget", "message": f"LiteLLM: key {KEY} has no budget"}
    async with (
        MockServer(script=[{"when": {}, "error": refusal}]) as server,
        Bot(make(server, api_key=KEY)) as bot,
    ):
        turn = await bot.say("hello")
    assert turn.errors
    assert "LiteLLM: key [redacted] has no budget" in shown(bot, told)
    assert KEY not in shown(bot, told)


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_an_address_with_a_password_that_nobody_answers(kind: str, told: list[str]) -> None:
    async with MockServer() as server:
        place = f"bob:{KEY}@127.0.0.1:{server.port}/v1"
    service: Any
    if kind == "websocket":
        service = OpenAIResponsesLLMService(api_key="any", ws_url=f"ws://{place}/responses?api-key={KEY}")
    else:
        service = OpenAIResponsesHttpLLMService(api_key="any", base_url=f"http://{place}")
    async with Bot(service) as bot:
        await bot.say("hello")
    assert f"127.0.0.1:{server.port}" in shown(bot, told)
    assert KEY not in shown(bot, told)


async def test_what_a_url_says_openly_stays_in_an_error() -> None:
    refusal = {"status": 400, "code": "bad", "message": f"2024-10-01-preview is too old for {KEY}"}
    async with MockServer(script=[{"when": {}, "error": refusal}]) as server:
        place = f"127.0.0.1:{server.port}/v1"
        query = f"api-version=2024-10-01-preview&code={KEY}"
        service = OpenAIResponsesLLMService(api_key="any", ws_url=f"ws://{place}/responses?{query}")
        async with Bot(service) as bot:
            turn = await bot.say("hello")
    assert "2024-10-01-preview is too old for [redacted]" in turn.errors[0].message


async def test_a_key_that_only_the_http_client_adds(told: list[str]) -> None:
    async def sign(request: Any) -> None:
        request.headers["api-key"] = KEY

    class Signing(OpenAIResponsesHttpLLMService):
        def _create_client(self, **arguments: Any) -> AsyncOpenAI:
            client = DefaultAsyncHttpxClient(event_hooks={"request": [sign]})
            return super()._create_client(**arguments).copy(http_client=client)

    refusal = {"status": 403, "code": "over_budget", "message": f"Key {KEY} has no budget"}
    async with (
        MockServer(script=[{"when": {}, "error": refusal}]) as server,
        Bot(Signing(api_key="any", base_url=server.base_url)) as bot,
    ):
        turn = await bot.say("hello")
    assert "Key [redacted] has no budget" in turn.errors[0].message
    assert KEY not in shown(bot, told)
