"""A bot that greets sends no user's message but a developer's; a rule can answer it, over both transports."""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai import reply
from ninelives import Bot
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService as TheirHttp
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService as Their
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

SERVICES: list[Any] = [OpenAIResponsesLLMService, OpenAIResponsesHttpLLMService, Their, TheirHttp]


@pytest.mark.virtual_time
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.__module__ + service.__name__)
async def test_a_greeting_is_answered_once_and_what_the_user_says_after_it(
    openai_server: Any, service: Any
) -> None:
    openai_server.configure(strict=True)
    hello = openai_server.script.add(reply("Hello, I am Nine.", developer="(?i)introduce"))
    weather = openai_server.script.add(reply("It is sunny.", user="weather", developer="(?i)introduce"))
    url = {"base_url": openai_server.base_url}
    if "Http" not in service.__name__:
        url["ws_url"] = openai_server.ws_url
    context = LLMContext([{"role": "system", "content": "Introduce yourself to the user."}])
    async with Bot(service(api_key="any", **url), context=context) as user:
        greeting = await user.greet()
        turn = await user.say("How is the weather?")
    assert (greeting.text, turn.text) == ("Hello, I am Nine.", "It is sunny.")
    assert hello.request["input"][0]["role"] == "developer"
    assert weather.answered == 1
