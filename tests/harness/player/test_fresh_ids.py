"""Replay with new ids: the same everywhere in an answer, new at every replay, and understood when they come
back.
"""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp
import openai
import pytest
from mock_openai import MockServer, call, reply
from ninelives.cassette import Cassette
from ninelives.player import Player, open_player
from ninelives.recorder import Recorder
from websockets.asyncio.client import connect

ID = re.compile(r'"((?:resp|msg|fc|rs|call)_[0-9A-Za-z]{6,})"')
TOOLS = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}]


@pytest.fixture
async def recorded(tmp_path: Any) -> Cassette:
    """A call, its output, an answer, and the answer read again, over HTTP."""
    script = [reply(call("weather"), user="Weather"), reply("Sunny.", tool_output="weather")]
    async with (
        MockServer(script=script) as upstream,
        Recorder(upstream.base_url, tmp_path / "talk.jsonl") as proxy,
        openai.AsyncOpenAI(base_url=proxy.base_url, api_key="k", max_retries=0) as client,
    ):
        await talk(client)
    return Cassette.load(tmp_path / "talk.jsonl")


async def talk(client: openai.AsyncOpenAI) -> list[str]:
    """The conversation; gives every id that was seen."""
    seen: list[str] = []
    stream = await client.responses.create(model="gpt-5.4", input="Weather?", tools=TOOLS, stream=True)  # type: ignore[call-overload]
    events = [event async for event in stream]
    first = events[-1].response
    (made,) = [item for item in first.output if item.type == "function_call"]
    delta = next(event for event in events if event.type == "response.function_call_arguments.delta")
    assert delta.item_id == made.id
    assert events[0].response.id == first.id
    output = {"type": "function_call_output", "call_id": made.call_id, "output": "sun"}
    second = await client.responses.create(
        model="gpt-5.4", input=[output], previous_response_id=first.id, tools=TOOLS
    )
    assert second.previous_response_id == first.id
    assert second.output_text == "Sunny."
    again = await client.responses.retrieve(second.id)
    assert again.id == second.id
    assert again.output[0].id == second.output[0].id
    for response in (first, second):
        seen += ID.findall(response.to_json(indent=None))
    return sorted(set(seen))


async def test_a_client_gets_ids_of_its_own_each_time_and_may_use_them(recorded: Cassette) -> None:
    before = set(ID.findall(recorded.data.decode()))
    player = Player(recorded, ids="fresh", repeat=True)
    async with (
        MockServer(responders=[player]) as server,
        openai.AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client,
    ):
        one, two = await talk(client), await talk(client)
    assert player.missed == []
    assert len(one) == len(two) == len(before)
    assert not (set(one) | set(two)) & before
    assert not set(one) & set(two)
    assert sorted(map(len, one)) == sorted(map(len, before))


async def test_by_default_ids_are_the_recorded_ones_and_a_seed_repeats_the_fresh(recorded: Cassette) -> None:
    async def once(**options: Any) -> list[str]:
        async with (
            MockServer(responders=[Player(recorded, **options)]) as server,
            openai.AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client,
        ):
            return await talk(client)

    assert set(await once()) == set(ID.findall(recorded.data.decode()))
    assert await once(ids="fresh", seed=7) == await once(ids="fresh", seed=7)
    assert await once(ids="fresh") != await once(ids="fresh")


async def test_over_a_websocket_and_with_the_conversation_sent_again_in_full(recorded: Cassette) -> None:
    def create(items: Any, **more: Any) -> str:
        body = {"type": "response.create", "model": "gpt-5.4", "input": items, "tools": TOOLS, **more}
        return json.dumps(body)

    async def ends(ws: Any) -> dict[str, Any]:
        while True:
            event = json.loads(await ws.recv())
            if event["type"] in ("response.completed", "error"):
                return event

    streamed = recorded.data.replace(b'"stream":false', b'"stream":true')
    player = Player(Cassette.parse(streamed), ids="fresh")
    async with MockServer(responders=[player]) as server, connect(server.ws_url, proxy=None) as ws:
        await ws.send(create("Weather?"))
        first = (await ends(ws))["response"]
        assert first["id"].encode() not in recorded.data
        (made,) = [item for item in first["output"] if item["type"] == "function_call"]
        output = {"type": "function_call_output", "call_id": made["call_id"], "output": "sun"}
        whole = [{"role": "user", "content": "Weather?"}, *first["output"], output]
        async with aiohttp.ClientSession() as session:
            url = f"{server.base_url}/responses"
            body = {"model": "gpt-5.4", "input": whole, "tools": TOOLS}
            async with session.post(url, json=body) as answer:
                second = await answer.json()
    assert answer.status == 200, second
    assert second["previous_response_id"] == first["id"]


async def test_the_reads_of_a_stream_stay_where_they_were(recorded: Cassette, tmp_path: Any) -> None:
    (tmp_path / "talk.jsonl").write_bytes(recorded.data)
    exchange = recorded.exchanges[0]
    assert exchange.answer is not None
    player = open_player(str(tmp_path / "talk.jsonl"), ids="fresh")
    async with (
        MockServer(responders=[player], pace="recorded:0") as server,
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/responses", json=exchange.body) as answer,
    ):
        data = await answer.read()
    assert len(data) == len(exchange.answer)
    assert ID.sub('"x"', data.decode()) == ID.sub('"x"', exchange.answer.decode())
    assert data != exchange.answer
