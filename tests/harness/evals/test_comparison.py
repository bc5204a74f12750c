"""Pipecat's own harness over its own eval transport, in wall time, against the same bot: the same result."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from mock_openai import MockServer
from ninelives.bot.environment import addresses
from ninelives.evals.answers import with_addresses
from ninelives.evals.chat import Chat
from ninelives.evals.outcome import Played
from ninelives.lab.episode import Episode
from pipecat.evals.serializer import EvalSerializer
from pipecat.evals.session import EvalSession, EvalSessionParams
from pipecat.evals.transport import EvalTransport, EvalTransportParams

from tests.harness.evals.stage import case, played, script
from tests.harness.evals.weather_bot import run_bot

SEEN = ("llm_response", "function_call", "function_call_stopped", "bot_interrupted")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def officially(name: str) -> Any:
    """The result of a scenario as `pipecat eval` comes to it."""
    said, port = script(), free_port()
    transport = EvalTransport(
        host="127.0.0.1", port=port, params=EvalTransportParams(serializer=EvalSerializer())
    )
    async with MockServer(script=said, responders=[Chat(said)], pace="fixed:0.01") as server:
        with addresses(server.base_url, server.ws_url):
            bot = asyncio.create_task(run_bot(transport, None))
            scenario = with_addresses(case(name).scenario, {"*": server.base_url})
            params = EvalSessionParams(connect_timeout_s=60, default_timeout_ms=20_000)
            result = await EvalSession.from_scenario(
                scenario, f"ws://127.0.0.1:{port}/ws", params=params
            ).run()
            bot.cancel()
            await asyncio.gather(bot, return_exceptions=True)
    return result


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["paris", "judged", "judged_badly", "simulated"])
def test_the_official_harness_comes_to_the_same_result(name: str) -> None:
    official = asyncio.run(officially(name))
    ours = played(name)
    assert ours.result is not None
    assert Played(case(name), None, official, Episode([], [])).verdict == ours.verdict
    assert seen(official.events_seen) == seen(ours.result.events_seen)


def seen(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (each["type"], each.get("text") or each.get("name") or "") for each in events if each["type"] in SEEN
    ]
