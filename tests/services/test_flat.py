"""What a service's own code does for a piece of text and for a message, counted in calls."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from mock_openai import MockServer
from ninelives import Bot
from pipecat.processors.aggregators.llm_context import LLMContext

pytestmark = pytest.mark.virtual_time

FEW, MANY = 200, 1_200
SCRIPT = [
    {"when": {"user": "few"}, "reply": [{"text": "word", "deltas": FEW}]},
    {"when": {"user": "many"}, "reply": [{"text": "word", "deltas": MANY}]},
    {"reply": [{"text": "Yes."}]},
]


def is_ours(frame: FrameType | None) -> bool:
    return frame is not None and "pipecat_responses" in frame.f_code.co_filename


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the Python functions of ours that are entered, and by "timer" the timers that they set."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and is_ours(frame):
            calls["ours"] += 1
        elif event == "call" and frame.f_code.co_name in ("call_at", "call_later") and is_ours(frame.f_back):
            calls["timer"] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


async def turn_of(bot: Bot, text: str) -> Counter[str]:
    with counted() as calls:
        await bot.say(text)
    return calls


@pytest.mark.parametrize(("pace", "at_most"), [("instant", 7), ("fixed:0.02", 27)])
async def test_a_delta_takes_no_more_calls_than_it_did(make_websocket: Any, pace: str, at_most: int) -> None:
    async with MockServer(SCRIPT, pace=pace) as server, Bot(make_websocket(server)) as bot:
        await bot.say("few")
        few, many = await turn_of(bot, "few"), await turn_of(bot, "many")
    each = (many["ours"] - few["ours"]) / (MANY - FEW)
    assert each <= at_most


async def test_a_delta_that_comes_alone_sets_no_timer(make_websocket: Any) -> None:
    """The heartbeat sets some while time passes, and so does the wait for the answer: not one a delta."""
    async with MockServer(SCRIPT, pace="fixed:0.02") as server, Bot(make_websocket(server)) as bot:
        await bot.say("few")
        calls = await turn_of(bot, "many")
    assert calls["timer"] <= MANY / 10


async def test_a_message_that_is_a_role_and_a_text_takes_no_call(make: Any) -> None:
    costs = []
    for length in (10, 1_010):
        talk: Any = [{"role": ("user", "assistant")[n % 2], "content": f"{n}"} for n in range(length)]
        async with MockServer(SCRIPT) as server, Bot(make(server), context=LLMContext(talk)) as bot:
            await bot.say("hi")
            costs.append((await turn_of(bot, "hi"))["ours"])
    assert costs[1] <= costs[0] + 50
