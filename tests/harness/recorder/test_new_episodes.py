"""A cassette that grows: what is new is asked of the upstream, and streams while it is recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from mock_openai import MockServer, reply
from ninelives import virtual
from ninelives.cassette import Cassette
from ninelives.new_episodes import NewEpisodes
from ninelives.player import Player
from ninelives.recorder import Recorder
from openai import AsyncOpenAI

COUNTING = "One two three four five."


@pytest.mark.parametrize("over", ["sse", "websocket"])
def test_a_new_answer_reaches_the_client_while_it_comes_and_the_old_one_from_the_cassette(
    tmp_path: Path, over: str
) -> None:
    cassette = tmp_path / "talk.jsonl"

    async def arrivals(player: Player | None) -> tuple[list[float], int]:
        upstream = MockServer(script=[reply(COUNTING, user="count")], pace="fixed:0.1")
        async with upstream:
            episodes = NewEpisodes(player, Recorder(upstream.base_url, cassette, extend=player is not None))
            await episodes.start()
            try:
                async with MockServer(responders=[episodes]) as server:
                    times = await (by_sse if over == "sse" else by_websocket)(server.base_url)
            finally:
                await episodes.stop()
            return times, episodes.asked

    times, asked = virtual.run(arrivals(None))
    assert asked == 1
    assert len(times) == len(COUNTING.split()) + 1  # the full stop is a token of its own
    assert times[-1] - times[0] == pytest.approx(0.1 * (len(times) - 1), abs=0.02)
    assert len(Cassette.load(cassette)) == 1

    _, asked = virtual.run(arrivals(Player(cassette, strict=False)))
    assert asked == 0


async def by_sse(base_url: str) -> list[float]:
    """When each delta came, on the loop's clock."""
    now = asyncio.get_running_loop().time
    async with AsyncOpenAI(base_url=base_url, api_key="any", max_retries=0) as client:
        stream = await client.responses.create(model="gpt-4.1", input="count", stream=True)
        return [now() async for event in stream if event.type == "response.output_text.delta"]


async def by_websocket(base_url: str) -> list[float]:
    """The same over a WebSocket."""
    now, times = asyncio.get_running_loop().time, []
    async with AsyncOpenAI(base_url=base_url, api_key="any") as client, client.responses.connect() as socket:
        await socket.response.create(model="gpt-4.1", input="count")
        async for event in socket:
            if event.type == "response.output_text.delta":
                times.append(now())
            if event.type == "response.completed":
                return times
    raise AssertionError("the answer did not end")
