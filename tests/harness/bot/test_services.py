"""A bot on Pipecat's services and the mock server: the same words, and the same trace every time."""

import asyncio
import os
import sys
import threading

import pytest
from mock_openai import MockServer, call, faults, reply
from ninelives import virtual
from ninelives.bot import Bot
from ninelives.frames import to_lines
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

RUNS = int(os.environ.get("NINELIVES_RUNS", "4"))
"""How often the same hour is run and compared: 40 in CI, 200 for the full proof."""

SCRIPT = [
    reply(call("get_weather", city="Paris"), user="weather"),
    reply("It is 21 degrees in Paris.", tool_output="get_weather"),
    reply("Once upon a time there was a mock.", user="story"),
]


def websocket(server):
    return OpenAIResponsesLLMService(api_key="test", base_url=server.base_url, ws_url=server.ws_url)


def http(server):
    return OpenAIResponsesHttpLLMService(api_key="test", base_url=server.base_url)


def get_weather(city: str) -> dict:
    """How warm it is."""
    return {"city": city, "degrees": 21}


both = pytest.mark.parametrize("make", [websocket, http])


@both
def test_a_conversation_with_a_tool(make):
    async def story():
        async with MockServer(script=SCRIPT) as server, Bot(make(server), tools=[get_weather]) as bot:
            turn = await bot.say("What's the weather in Paris?")
            assert turn.text == "It is 21 degrees in Paris."
            assert [(c.name, c.result) for c in turn.calls] == [
                ("get_weather", {"city": "Paris", "degrees": 21})
            ]
            assert turn.starts == turn.ends == len(turn.usage) == 2
            assert turn.errors == []
            assert (await bot.say("Tell me a story")).text == "Once upon a time there was a mock."
            assert server.journal.requests[0]["tools"][0]["name"] == "get_weather"

    virtual.run(story())


@both
def test_cutting_in_while_tokens_arrive_slowly(make):
    async def story():
        server = MockServer(script=SCRIPT, pace="fixed:0.1")
        async with server, Bot(make(server)) as bot:
            bot.say_soon("a story")
            cut = await bot.interrupt(after_words=3)
            assert cut.text.split() == ["Once", "upon", "a"]
            assert (await bot.say("another story")).text == "Once upon a time there was a mock."

    virtual.run(story())


def test_a_lost_connection_shows_in_what_was_heard():
    async def story():
        fault = faults.at(turn=1, event="response.output_text.delta", nth=3).reset()
        server = MockServer(script=SCRIPT, faults=[fault])
        async with server, Bot(websocket(server)) as bot:
            return await bot.say("a story")

    turn = virtual.run(story())
    # Pipecat's own service speaks the beginning twice: it repeats the request after it has spoken.
    assert turn.text == "Once upon" + "Once upon a time there was a mock."


async def sixty_minutes(make):
    async with MockServer(script=SCRIPT) as server, Bot(make(server), tools=[get_weather]) as bot:
        for minute in (0, 30, 59, 61):
            await bot.wait(minute * 60 - asyncio.get_running_loop().time())
            await bot.say("What's the weather?" if minute % 2 else "Tell me a story")
        events = [(e.at, e.connection, e.kind, getattr(e.data, "data", None)) for e in server.journal.entries]
        return to_lines(bot), events


@both
def test_sixty_minutes_are_the_same_every_time(make):
    traces = [virtual.run(sixty_minutes(make)) for _ in range(RUNS)]
    lines, _ = traces[0]
    assert lines[-1].startswith("3660.000 ")
    assert all(trace == traces[0] for trace in traces)


def test_sixty_minutes_are_the_same_on_a_busy_machine():
    """A thread that never rests interrupts the loop at any moment, as a busy core does."""
    quiet = virtual.run(sixty_minutes(websocket))
    over, interval = threading.Event(), sys.getswitchinterval()

    def spin() -> None:
        while not over.is_set():
            pass

    busy = threading.Thread(target=spin)
    sys.setswitchinterval(1e-5)
    busy.start()
    try:
        traces = [virtual.run(sixty_minutes(websocket)) for _ in range(max(2, RUNS // 4))]
    finally:
        over.set()
        busy.join()
        sys.setswitchinterval(interval)
    assert all(trace == quiet for trace in traces)


def test_sixty_minutes_take_a_moment():
    with asyncio.Runner(loop_factory=virtual.VirtualLoop) as runner:
        runner.run(sixty_minutes(websocket))
        loop = runner.get_loop()
        assert isinstance(loop, virtual.VirtualLoop)
        # A ping every 20 s is 180 jumps; polling would be thousands. `make bench-check` measures the time.
        assert loop.jumps < 1000
