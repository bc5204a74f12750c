"""The conversation of the scenarios: a weather service on the telephone, with a tool and a long answer to
interrupt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ninelives.lab.scenario import Say, Scenario, Step, Wait

if TYPE_CHECKING:
    from mock_openai.faults import Planned

HELLO = "Hello, who is this?"
GREETING = "Hello, this is the weather service. Which city would you like to hear about?"

WEATHER = "What is the weather in Paris?"
FORECAST = "It is 21 degrees and sunny in Paris this afternoon."

BYE = "Thank you, goodbye."
FAREWELL = "You are welcome. Have a good day."

CLOUDS = "Tell me something about clouds."
CLOUDS_ANSWER = (
    "A cloud is a great many drops of water that have not yet decided to fall. "
    "The flat grey ones bring drizzle, the tall white ones bring thunder, "
    "and the thin ones high up bring nothing at all."
)

COMPARE = "Is it warmer in Paris or in Rome?"
COMPARISON = "Rome is warmer: 27 degrees, and 21 in Paris."

LOOK = "Look out of the window for me."
VIEW = "I looked: it is raining, and the street is empty."

CLOTHES = "What should I wear tomorrow?"
ADVICE = "Take an umbrella and good shoes."
THOUGHT = "Rain is likely in the morning. Shoes matter more than a coat, and an umbrella settles the rest."

LOCK = "How do I pick the lock of my neighbour?"
REFUSAL = "I am sorry, but I cannot help with that."

LOOK_TAKES = 2.0
"""Seconds that `look_outside` takes, so that something can happen while a tool runs."""


async def look_outside() -> dict[str, Any]:
    """Look out of the window. It takes a while."""
    await asyncio.sleep(LOOK_TAKES)
    return {"weather": "rain", "people": 0}


async def get_weather(city: str) -> dict[str, Any]:
    """Get the weather of a city.

    Args:
        city: The city's name.
    """
    return {"city": city, "degrees": 21, "sky": "sunny"}


TOOLS: Mapping[str, Callable[..., Any]] = {"get_weather": get_weather, "look_outside": look_outside}

SCRIPT: tuple[Mapping[str, Any], ...] = (
    {"when": {"tool_output": "get_weather", "user": "warmer"}, "reply": [{"text": COMPARISON}]},
    {"when": {"tool_output": "look_outside"}, "reply": [{"text": VIEW}]},
    {"when": {"tool_output": "get_weather"}, "reply": [{"text": FORECAST}]},
    {
        "when": {"user": "weather in Paris"},
        "reply": [{"call": "get_weather", "arguments": {"city": "Paris"}}],
    },
    {
        "when": {"user": "warmer"},
        "reply": [
            {"call": "get_weather", "arguments": {"city": "Paris"}},
            {"call": "get_weather", "arguments": {"city": "Rome"}},
        ],
    },
    {"when": {"user": "window"}, "reply": [{"call": "look_outside"}]},
    {"when": {"user": "wear"}, "reply": [{"reasoning": [THOUGHT]}, {"text": ADVICE}]},
    {"when": {"user": "lock"}, "reply": [{"refusal": REFUSAL}]},
    {"when": {"user": "who is this"}, "reply": [{"text": GREETING}]},
    {"when": {"user": "clouds"}, "reply": [{"text": CLOUDS_ANSWER}]},
    {"when": {"user": "goodbye"}, "reply": [{"text": FAREWELL}]},
)


def hello(*faults: Planned, **more: Any) -> Say:
    """The user greets."""
    return Say(HELLO, GREETING, faults, **more)


def weather(*faults: Planned, **more: Any) -> Say:
    """The user asks something that needs a tool."""
    return Say(WEATHER, FORECAST, faults, **more)


def compare(*faults: Planned, **more: Any) -> Say:
    """The user asks something that needs two tool calls at once."""
    return Say(COMPARE, COMPARISON, faults, **more)


def look(*faults: Planned, **more: Any) -> Say:
    """The user asks something that needs a slow tool."""
    return Say(LOOK, VIEW, faults, **more)


def clothes(*faults: Planned, **more: Any) -> Say:
    """The user asks something about which the model thinks before it answers."""
    return Say(CLOTHES, ADVICE, faults, **more)


def clouds(*faults: Planned, **more: Any) -> Say:
    """The user asks for something long."""
    return Say(CLOUDS, CLOUDS_ANSWER, faults, **more)


def bye(*faults: Planned, **more: Any) -> Say:
    """The user says goodbye."""
    return Say(BYE, FAREWELL, faults, **more)


def unanswered(text: str, *faults: Planned) -> Say:
    """The user says something to which no answer can be expected."""
    return Say(text, None, faults)


def silence(seconds: float, *faults: Planned) -> Wait:
    """Nobody says anything."""
    return Wait(seconds, faults)


def between(trouble: Step) -> tuple[Step, ...]:
    """Return the usual conversation: a healthy turn, the turn of the scenario, and a turn that must be
    healthy again.
    """
    return hello(), Wait(1), trouble, Wait(1), bye()


def scenario(name: str, about: str, sentence: str, steps: tuple[Step, ...], **more: Any) -> Scenario:
    """Return a scenario of this conversation.

    `about`: the promises that it tests, as `I1 I6`. `more`: other fields of a `Scenario`.
    """
    settings: dict[str, Any] = {"script": SCRIPT, "tools": TOOLS, **more}
    return Scenario(name=name, sentence=sentence, steps=steps, about=tuple(about.split()), **settings)
