"""The conversation that the scenarios break: a weather service on the telephone, with a tool and a story to
be interrupted in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ninelives.lab.scenario import Say

HELLO = "Hello, who is this?"
GREETING = "Hello, this is the weather service. Which city would you like to hear about?"

WEATHER = "What is the weather in Paris?"
FORECAST = "It is 21 degrees and sunny in Paris this afternoon."

BYE = "Thank you, goodbye."
FAREWELL = "You are welcome. Have a good day."

STORY = "Tell me something about clouds."
TALE = (
    "A cloud is a great many drops of water that have not yet decided to fall. "
    "The flat grey ones bring drizzle, the tall white ones bring thunder, "
    "and the thin ones high up bring nothing at all."
)

REMEMBER = "Which city did I ask about?"
MEMORY = "You asked about Paris."


async def get_weather(city: str) -> dict[str, Any]:
    """Get the weather of a city.

    Args:
        city: The city's name.
    """
    return {"city": city, "degrees": 21, "sky": "sunny"}


TOOLS: Mapping[str, Callable[..., Any]] = {"get_weather": get_weather}

SCRIPT: tuple[Mapping[str, Any], ...] = (
    {"when": {"tool_output": "get_weather"}, "reply": [{"text": FORECAST}]},
    {
        "when": {"user": "weather in Paris"},
        "reply": [{"call": "get_weather", "arguments": {"city": "Paris"}}],
    },
    {"when": {"user": "who is this"}, "reply": [{"text": GREETING}]},
    {"when": {"user": "clouds"}, "reply": [{"text": TALE}]},
    {"when": {"user": "Which city"}, "reply": [{"text": MEMORY}]},
    {"when": {"user": "goodbye"}, "reply": [{"text": FAREWELL}]},
)


def hello(**more: Any) -> Say:
    """The user greets."""
    return Say(HELLO, GREETING, **more)


def weather(**more: Any) -> Say:
    """The user asks what needs a tool."""
    return Say(WEATHER, FORECAST, **more)


def story(**more: Any) -> Say:
    """The user asks for something long."""
    return Say(STORY, TALE, **more)


def bye(**more: Any) -> Say:
    """The user takes leave."""
    return Say(BYE, FAREWELL, **more)
