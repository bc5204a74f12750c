"""Servers that speak the WebSocket mode of before lanes and warm-ups, made here from bare frames."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ninelives import Bot
from pipecat_responses import OpenAIResponsesLLMService
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.virtual_time

Answer = Callable[[ServerConnection, dict[str, Any]], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A WebSocket server that answers one request after the other; gives its URL and what it was asked."""
    asked: list[dict[str, Any]] = []

    async def handler(socket: ServerConnection) -> None:
        try:
            async for message in socket:
                asked.append(json.loads(message))
                await answer(socket, asked[-1])
        except ConnectionClosed:
            pass

    async with serve(handler, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/responses", asked


async def speak(socket: ServerConnection, text: str, pause: float = 0.1, **more: Any) -> None:
    """One answer, word by word, in the fewest events that make one."""
    response = {"id": f"resp_{text[:5]}", "model": "m", "output": []}
    await socket.send(json.dumps({"type": "response.created", "response": response, **more}))
    words = text.split()
    for number, word in enumerate(words):
        await asyncio.sleep(pause)
        delta = word if number == 0 else f" {word}"
        await socket.send(json.dumps({"type": "response.output_text.delta", "delta": delta, **more}))
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    response = {**response, "output": [message]}
    await socket.send(json.dumps({"type": "response.completed", "response": response, **more}))


def answer_to(body: dict[str, Any]) -> str:
    last = body["input"][-1]["content"]
    return " ".join(f"word{n}" for n in range(30)) if last == "long" else f"You said {last}."


async def test_a_server_that_ignores_lanes_is_found_out() -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        await speak(socket, answer_to(body))

    async with server(answer) as (url, asked), Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url)) as bot:
        await bot.say("one")
        for number in range(3):
            bot.say_soon("long")
            await bot.interrupt(after_words=2)
            turn = await bot.say(f"number {number}")
            assert (turn.text, turn.errors) == (f"You said number {number}.", [])
            assert turn.dead_air is not None
            assert turn.dead_air < 0.3
    assert all("generate" not in body for body in asked)
    assert all("stream_id" not in body for body in asked[1:])


async def test_a_server_that_refuses_lanes_is_asked_without() -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        for name in ("stream_id", "previous_response_id"):
            if name in body:
                error = {
                    "code": "unknown_parameter",
                    "message": f"Unknown parameter: '{name}'.",
                    "param": name,
                }
                await socket.send(json.dumps({"type": "error", "status": 400, "error": error}))
                return
        await speak(socket, answer_to(body))

    async with server(answer) as (url, asked), Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url)) as bot:
        for text in ("one", "two", "three"):
            turn = await bot.say(text)
            assert (turn.text, turn.errors) == (f"You said {text}.", [])
    assert len(asked) == 5  # each refused once, and never tried again


async def test_a_server_that_knows_no_warm_up_is_not_warmed_up_again() -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        await speak(socket, answer_to(body), stream_id=body["stream_id"])

    async with server(answer) as (url, asked):
        service = OpenAIResponsesLLMService(api_key="k", ws_url=url, rotate_after=60.0)
        async with Bot(service) as bot:
            for minute in range(4):
                turn = await bot.say(f"minute {minute}")
                assert (turn.text, turn.errors) == (f"You said minute {minute}.", [])
                await bot.wait(100)
    assert len([body for body in asked if "generate" in body]) == 1


async def test_errors_that_name_no_lane_are_those_of_the_answer_under_way() -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        lane = {"stream_id": body["stream_id"]}
        if len(asked) > 2:
            await speak(socket, answer_to(body), **lane)
            return
        response = {"id": f"resp_{len(asked)}", "model": "m", "output": []}
        await socket.send(json.dumps({"type": "response.created", "response": response, **lane}))
        error = {"type": "server_error", "code": "server_error", "message": "Oops."}
        await socket.send(json.dumps({"type": "error", "status": 500, "error": error}))

    async with server(answer) as (url, asked), Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url)) as bot:
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("You said hello.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 2  # told at once, not after a silence


async def test_binary_frames_are_read_like_text() -> None:
    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        await socket.send(b"\x00\xff not json")
        response = {"id": "resp_1", "model": "m", "output": []}
        for event in (
            {"type": "response.created", "response": response},
            {"type": "response.output_text.delta", "delta": "Hi."},
            {"type": "response.output_text.done", "text": "Hi."},
            {"type": "response.completed", "response": response},
        ):
            await socket.send(json.dumps(event).encode())

    async with server(answer) as (url, _), Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url)) as bot:
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])


@pytest.mark.parametrize("asks_after", [0.2, 3.0], ids=["before its first event", "after it"])
async def test_a_barge_in_before_the_first_event_of_all_is_answered_by_a_server_without_lanes(
    asks_after: float,
) -> None:
    """Nobody knows yet that there are no lanes. Not a word of the old answer is heard."""

    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        await asyncio.sleep(1.0)
        await speak(socket, answer_to(body))

    async with (
        server(answer) as (url, asked),
        Bot(OpenAIResponsesLLMService(api_key="sk-test", ws_url=url, warm_up=False)) as bot,
    ):
        cut = bot.say_soon("long")
        await bot.wait(0.5)
        await bot.interrupt()
        await bot.wait(asks_after)
        turn = await bot.say("short")
        after = await bot.say("more")
    assert (cut.text, cut.errors) == ("", [])
    assert (turn.text, turn.errors) == ("You said short.", [])
    assert (after.text, after.errors) == ("You said more.", [])
    assert "stream_id" not in asked[-1]


@pytest.mark.parametrize("asks_after", [0.0, 0.2, 3.0])
async def test_a_barge_in_before_the_first_event_of_all_keeps_the_connection_where_there_are_lanes(
    asks_after: float,
) -> None:
    """The next answer is asked for on the same connection, whichever event comes first."""
    sockets: list[ServerConnection] = []
    answers: set[asyncio.Task[None]] = set()

    async def late(socket: ServerConnection, body: dict[str, Any]) -> None:
        await asyncio.sleep(1.0)
        await speak(socket, answer_to(body), stream_id=body["stream_id"])

    async def answer(socket: ServerConnection, body: dict[str, Any]) -> None:
        sockets.append(socket)
        answers.add(asyncio.create_task(late(socket, body)))

    async with (
        server(answer) as (url, asked),
        Bot(OpenAIResponsesLLMService(api_key="sk-test", ws_url=url, warm_up=False)) as bot,
    ):
        cut = bot.say_soon("long")
        await bot.wait(0.5)
        await bot.interrupt()
        await bot.wait(asks_after)
        turn = await bot.say("short")
        await asyncio.gather(*answers)
    assert (cut.text, cut.errors) == ("", [])
    assert (turn.text, turn.errors) == ("You said short.", [])
    assert sockets[0] is sockets[1]
    assert len(asked) == 2
