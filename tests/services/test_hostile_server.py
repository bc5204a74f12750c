"""Servers that do what no server should, made here from bare sockets: what is heard, and what leaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from mock_openai import MockServer, reply
from ninelives import Bot
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService, Timeouts
from pipecat_responses.errors import Failure
from pipecat_responses.outage import Outage
from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode

from .bare_http import http, http_server, sse
from .test_older_servers import answer_to, server, speak
from .test_sequence import DISTINCT, answer

pytestmark = pytest.mark.virtual_time

KEY = "Zq8rW3xK7mP2"
"""Without the form of a key, so nothing but its value gives it away."""
TEXT = "".join(DISTINCT)
MESSAGES = answer(DISTINCT)[:9]
WHOLE = [
    *MESSAGES,
    {
        "type": "response.completed",
        "response": {
            "id": "resp_1",
            "output": [{"type": "message", "content": [{"type": "output_text", "text": TEXT}]}],
        },
    },
]


def service_of(kind: str, url: str, limits: Timeouts) -> Any:
    if kind == "http":
        return OpenAIResponsesHttpLLMService(api_key="k", base_url=url, timeouts=limits)
    return OpenAIResponsesLLMService(api_key="k", ws_url=url, timeouts=limits, warm_up=False)


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Everything that is logged, with tracebacks."""
    lines: list[str] = []
    handler = logger.add(lines.append, level=0, diagnose=False)
    yield lines
    logger.remove(handler)


# -- keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["websocket", "http"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_another_server_takes_neither_keys_nor_conversation(
    kind: str, status: int
) -> None:
    async def never(writer: asyncio.StreamWriter) -> None:
        writer.write(http(sse(*WHOLE)))

    async with http_server(never) as (elsewhere, heads):

        async def redirect(writer: asyncio.StreamWriter) -> None:
            there = elsewhere.replace("http", "ws") if kind == "websocket" else elsewhere
            writer.write(http(b"", status=f"{status} Go", more=f"location: {there}/responses\r\n"))

        async with http_server(redirect) as (url, asked):
            make = OpenAIResponsesLLMService if kind == "websocket" else OpenAIResponsesHttpLLMService
            service = make(api_key="any-key", base_url=url, default_headers={"api-key": KEY})
            async with Bot(service) as bot:
                turn = await bot.say("hello")
    assert heads == []
    assert any(KEY in head for head in asked)
    assert [error.category for error in turn.errors] == ["invalid_request"]
    assert "base_url" in turn.errors[0].message


async def test_a_redirect_within_the_server_is_followed() -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        there = "location: /v2/responses\r\n"
        writer.write(http(sse(*WHOLE)) if len(heads) > 1 else http(b"", status="307 Go", more=there))

    async with (
        http_server(talk) as (url, heads),
        Bot(OpenAIResponsesHttpLLMService(api_key="k", base_url=url)) as bot,
    ):
        turn = await bot.say("hello")
    assert (turn.text, turn.errors, len(heads)) == (TEXT, [], 2)


ERROR = {"code": KEY, "message": f"What is {KEY}?", "type": "server_error"}
ENDS = [
    {"type": "error", "error": ERROR},
    {"type": "error", "message": f"What is {KEY}?"},
    {"type": "response.failed", "response": {"id": KEY, "error": ERROR}},
    {"type": "response.incomplete", "response": {"id": KEY, "incomplete_details": {"reason": KEY}}},
    {
        "type": "response.completed",
        "response": {"output": [{"type": "function_call", "name": KEY, "call_id": "c", "arguments": "["}]},
    },
]


@pytest.mark.parametrize("kind", ["websocket", "http"])
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end["type"])
async def test_a_key_in_an_event_is_in_no_message(kind: str, end: dict[str, Any], told: list[str]) -> None:
    async def over_http(writer: asyncio.StreamWriter) -> None:
        writer.write(http(sse(WHOLE[0], end)))

    async def over_websocket(socket: ServerConnection, body: dict[str, Any]) -> None:
        for event in (WHOLE[0], end):
            await socket.send(json.dumps({**event, "stream_id": body["stream_id"]}))

    at = http_server(over_http) if kind == "http" else server(over_websocket)
    async with at as (url, _):
        service: Any = (
            OpenAIResponsesHttpLLMService(api_key=KEY, base_url=url)
            if kind == "http"
            else OpenAIResponsesLLMService(api_key=KEY, ws_url=url)
        )
        async with Bot(service) as bot:
            turn = await bot.say("hello")
    assert len(turn.errors) == 1
    assert "[redacted]" in str(bot.errors)
    assert KEY not in "".join(told) + str(bot.errors) + str(bot.connection_errors)


async def test_a_key_in_the_reason_of_a_close_is_in_no_message(told: list[str]) -> None:
    async def close(socket: ServerConnection, body: dict[str, Any]) -> None:
        await socket.close(1011, f"no more for {KEY}")

    async with (
        server(close) as (url, _),
        Bot(OpenAIResponsesLLMService(api_key=KEY, ws_url=url)) as bot,
    ):
        await bot.say("hello")
    assert "no more for [redacted]" in str(bot.errors)
    assert KEY not in "".join(told) + str(bot.errors) + str(bot.connection_errors)


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_a_key_in_a_head_that_cannot_be_read_is_in_no_message(kind: str, told: list[str]) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{KEY} {KEY}: \x01\r\n\r\n".encode())

    async with http_server(talk) as (url, _):
        make = OpenAIResponsesLLMService if kind == "websocket" else OpenAIResponsesHttpLLMService
        async with Bot(make(api_key=KEY, base_url=url)) as bot:
            turn = await bot.say("hello")
    assert len(turn.errors) == 1
    assert KEY not in "".join(told) + str(bot.errors) + str(bot.connection_errors)


# -- time and size -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_an_answer_without_an_end_is_ended_once(kind: str) -> None:
    async def over_http(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + sse(WHOLE[0]))
        for number in range(1_000):
            await asyncio.sleep(0.1)
            writer.write(sse({**WHOLE[4], "delta": f"{number} "}))

    async def over_websocket(socket: ServerConnection, body: dict[str, Any]) -> None:
        lane = {"stream_id": body["stream_id"]}
        if body["input"][-1]["content"] == "short":
            await speak(socket, answer_to(body), **lane)
            return
        for number in range(1_000):
            await asyncio.sleep(0.1)
            await socket.send(json.dumps({**WHOLE[4], **lane, "delta": f"{number} "}))

    at = http_server(over_http) if kind == "http" else server(over_websocket)
    async with at as (url, asked), Bot(service_of(kind, url, Timeouts(turn=5.05))) as bot:
        turn = await bot.say("long")
        assert turn.text == "".join(f"{number} " for number in range(50))
        assert [error.category for error in turn.errors] == ["connectivity"]
        assert "had not ended" in turn.errors[0].message
        assert len(asked) == 1
        if kind == "websocket":
            after = await bot.say("short")
            assert (after.text, after.errors) == ("You said short.", [])


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_a_message_that_is_too_large_is_not_waited_for(kind: str) -> None:
    async def over_http(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: ")
        for _ in range(70):
            writer.write(b"x" * (1 << 20))
            await writer.drain()

    async def over_websocket(socket: ServerConnection, body: dict[str, Any]) -> None:
        if body["input"][-1]["content"] == "short":
            await speak(socket, answer_to(body), stream_id=body["stream_id"])
            return
        claimed = Frame(Opcode.TEXT, b"x" * 65_536).serialize(mask=False)
        socket.transport.write(claimed[:2] + (1 << 30).to_bytes(8, "big") + claimed[10:])

    at = http_server(over_http) if kind == "http" else server(over_websocket)
    async with at as (url, _), Bot(service_of(kind, url, Timeouts(recover=0.0))) as bot:
        turn = await bot.say("long")
    assert [error.category for error in turn.errors] == ["connectivity"]
    assert "67108864" in turn.errors[0].message or "64 MiB" in turn.errors[0].message


async def test_the_body_of_an_error_is_read_as_far_as_it_may_be_of_use() -> None:
    written = 0

    async def talk(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 400 Bad\r\ncontent-type: text/plain\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            written += 65_536
            await writer.drain()

    async with (
        http_server(talk) as (url, _),
        Bot(OpenAIResponsesHttpLLMService(api_key="k", base_url=url)) as bot,
    ):
        turn = await bot.say("hello")
    assert [error.category for error in turn.errors] == ["invalid_request"]
    assert written < 64 << 20


# -- statuses and forms --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 409, 425, 500, 529])
async def test_a_request_that_was_not_worked_on_is_sent_again(status: int) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(http(sse(*WHOLE)) if len(heads) > 1 else http(b"{}", status=f"{status} No"))

    async with (
        http_server(talk) as (url, heads),
        Bot(OpenAIResponsesHttpLLMService(api_key="k", base_url=url)) as bot,
    ):
        turn = await bot.say("hello")
    assert (turn.text, turn.errors, len(heads)) == (TEXT, [], 2)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
async def test_an_answer_as_one_object_is_known_by_its_type(kind: str) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        whole = {"error": {"message": "No.", "code": "model_not_found"}}
        writer.write(http(json.dumps(whole if len(heads) > 1 else WHOLE[-1]["response"]).encode(), kind=kind))

    async with (
        http_server(talk) as (url, heads),
        Bot(OpenAIResponsesHttpLLMService(api_key="k", base_url=url)) as bot,
    ):
        turn = await bot.say("hello")
        wrong = await bot.say("hello")
    assert (turn.text, turn.errors) == (TEXT, [])
    assert [error.category for error in wrong.errors] == ["invalid_request"]


@pytest.mark.parametrize("wrong", [["resp_1"], {"id": "resp_1"}, 1])
@pytest.mark.parametrize("store", [False, True])
async def test_an_id_that_is_no_text_does_not_end_the_turn(wrong: object, store: bool) -> None:
    def with_it(event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "response": {**event["response"], "id": wrong}} if "response" in event else event

    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(http(sse(*map(with_it, WHOLE))))

    async with http_server(talk) as (url, _):
        settings = OpenAIResponsesHttpLLMService.Settings(model="gpt-4.1", extra={"store": store})
        async with Bot(OpenAIResponsesHttpLLMService(api_key="any", base_url=url, settings=settings)) as bot:
            turn = await bot.say("hello")
    assert (turn.text, turn.errors) == (TEXT, [])


async def test_a_connection_that_is_too_old_in_a_flat_error_is_not_used_again() -> None:
    sockets: list[ServerConnection] = []

    async def reply(socket: ServerConnection, body: dict[str, Any]) -> None:
        sockets.append(socket)
        lane = {"stream_id": body["stream_id"]}
        if socket is sockets[0]:
            code = "websocket_connection_limit_reached"
            await socket.send(json.dumps({"type": "error", "code": code, "message": "Too old.", **lane}))
        else:
            await speak(socket, answer_to(body), **lane)

    async with (
        server(reply) as (url, _),
        Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url, warm_up=False)) as bot,
    ):
        turn = await bot.say("hello")
    assert (turn.text, turn.errors, len(sockets)) == ("You said hello.", [], 2)


async def test_a_turn_that_fails_after_the_end_begins_no_probe() -> None:
    asked = 0

    async def probe() -> None:
        nonlocal asked
        asked += 1

    outage = Outage(1, probe=probe, over=probe)
    await outage.close()
    assert outage.failed(Failure("connection", "lost"))
    await asyncio.sleep(100)
    assert asked == 0
    outage.reopen()
    assert outage.failed(Failure("connection", "lost"))
    await asyncio.sleep(100)
    assert asked > 0


async def test_a_service_works_in_one_pipeline_after_another(make: Any) -> None:
    async with MockServer([reply("Hi.")]) as mocked:
        service = make(mocked)
        for _ in range(3):
            async with Bot(service) as bot:
                turn = await bot.say("hello")
            assert (turn.text, turn.errors) == ("Hi.", [])


async def test_the_end_of_an_answer_that_comes_again_does_not_end_the_next() -> None:
    asked = 0

    def end(number: int) -> str:
        return json.dumps({"type": "response.completed", "response": {"id": f"resp_{number}", "output": []}})

    async def reply(socket: ServerConnection, body: dict[str, Any]) -> None:
        nonlocal asked
        asked += 1
        for earlier in range(1, asked):  # before the answer to this request has begun
            await socket.send(end(earlier))
        await socket.send(json.dumps({"type": "response.created", "response": {"id": f"resp_{asked}"}}))
        await socket.send(json.dumps({"type": "response.output_text.delta", "delta": answer_to(body)}))
        await socket.send(end(asked))

    async with (
        server(reply) as (url, _),
        Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url, warm_up=False)) as bot,
    ):
        turns = [await bot.say(text) for text in ("hello", "and now", "goodbye")]
    assert [turn.text for turn in turns] == ["You said hello.", "You said and now.", "You said goodbye."]
    assert not any(turn.errors for turn in turns)
    assert asked == 3
