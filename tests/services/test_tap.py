"""Watching the wire of a service: everything is shown once, and a listener cannot disturb."""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai import MockServer, reply
from ninelives import Bot
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService


def service(transport: str, server: MockServer) -> Any:
    if transport == "websocket":
        return OpenAIResponsesLLMService(api_key="any", base_url=server.base_url, ws_url=server.ws_url)
    return OpenAIResponsesHttpLLMService(api_key="any", base_url=server.base_url)


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_what_is_sent_and_received_is_shown(transport: str) -> None:
    shown: list[tuple[str, int, bytes]] = []
    async with MockServer() as server:
        server.script.add(reply("Well, thank you.", user="How are you"))
        llm = service(transport, server)
        llm.watch_wire(lambda *seen: shown.append(seen))
        async with Bot(llm) as bot:
            turn = await bot.say("How are you?")
    assert turn.text == "Well, thank you."
    kinds = [kind for kind, _, _ in shown]
    assert shown[0] == ("open", 1, transport.encode())
    assert b"How are you?" in next(data for kind, _, data in reversed(shown) if kind == "sent")
    assert [data for kind, _, data in shown if b"response.completed" in data and kind == "received"]
    assert kinds[-1] == "closed"
    assert b"any" not in b"".join(data for kind, _, data in shown if kind == "open")


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_a_refusal_is_shown_with_its_status(transport: str) -> None:
    shown: list[tuple[str, int, bytes]] = []
    async with MockServer(api_key="right") as server:
        llm = service(transport, server)
        llm.watch_wire(lambda *seen: shown.append(seen))
        async with Bot(llm) as bot:
            turn = await bot.say("How are you?")
    assert turn.errors
    assert [data for kind, _, data in shown if kind == "status" and data.startswith(b"401 ")]


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_a_listener_that_raises_costs_the_bot_nothing(transport: str) -> None:
    calls = 0

    def listener(*_: Any) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("not today")

    async with MockServer() as server:
        server.script.add(reply("Well, thank you.", user="How are you"))
        llm = service(transport, server)
        llm.watch_wire(listener)
        async with Bot(llm) as bot:
            turn = await bot.say("How are you?")
    assert turn.text == "Well, thank you."
    assert not turn.errors
    assert calls == 1
