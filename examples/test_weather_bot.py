"""A voice bot tested without network, key or cost: run it with `pytest examples`."""

import pytest
from mock_openai import call, reply
from pipecat_responses import OpenAIResponsesLLMService


def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"21 degrees in {city}"


@pytest.mark.virtual_time
async def test_weather(openai_server, bot, frame_snapshot):
    openai_server.script.add(reply(call("get_weather", city="Paris"), user="weather"))
    openai_server.script.add(reply("It is 21 degrees in Paris.", tool_output="get_weather"))
    service = OpenAIResponsesLLMService(api_key="any", ws_url=openai_server.ws_url)
    async with bot(service, tools=[get_weather]) as user:
        turn = await user.say("What's the weather in Paris?")
    assert turn.text == "It is 21 degrees in Paris."
    assert turn == frame_snapshot
