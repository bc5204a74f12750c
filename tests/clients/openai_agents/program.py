"""A user's program on openai-agents, unchanged but for URL and key, which it finds in its environment.

`python program.py http|websocket` prints what it was told, as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

from agents import Agent, Runner, function_tool, set_tracing_disabled
from agents.models.openai_responses import OpenAIResponsesModel, OpenAIResponsesWSModel
from openai import AsyncOpenAI

WEATHER = "What is the weather in Paris?"


@function_tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"21 degrees in {city}"


async def stories(transport: str) -> dict[str, Any]:
    client = AsyncOpenAI(max_retries=0)

    def agent(**more: Any) -> Agent:
        kind = OpenAIResponsesModel if transport == "http" else OpenAIResponsesWSModel
        model = kind(model=more.pop("model", "gpt-4.1"), openai_client=client)
        return Agent(name="bot", model=model, tools=[get_weather], **more)

    async def error(bot: Agent, **more: str) -> str:
        try:
            await Runner.run(bot, "Hm?", **more)
        except Exception as raised:
            return f"{type(raised).__name__}: {raised}"
        return "nothing was raised"

    bot = agent()
    loop = await Runner.run(bot, WEATHER)
    streamed = Runner.run_streamed(bot, WEATHER)
    events = [event async for event in streamed.stream_events()]
    deltas = [
        event.data.delta
        for event in events
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    next_turn = await Runner.run(bot, "And again?", previous_response_id=loop.last_response_id)
    automatic = await Runner.run(bot, WEATHER, auto_previous_response_id=True)
    told = {
        "tool loop": loop.final_output,
        "its items": [type(item).__name__ for item in loop.new_items],
        "streamed": streamed.final_output,
        "its deltas": "".join(deltas),
        "chain": next_turn.final_output,
        "automatic chain": automatic.final_output,
        "unknown parent": await error(bot, previous_response_id="resp_x"),
        "unknown model": await error(agent(model="no-such-model")),
        "afterwards": (await Runner.run(bot, WEATHER)).final_output,
    }
    client = AsyncOpenAI(api_key="sk-wrong-key-altogether", max_retries=0)
    told["wrong key"] = await error(agent())
    return told


set_tracing_disabled(True)
logging.disable()
print(json.dumps(asyncio.run(stories(sys.argv[1]))))
