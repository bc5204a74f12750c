"""What arrives equals what was recorded: real traffic, converted to cassettes and replayed over real sockets.

Every exchange becomes a cassette and is replayed by a mock server to the official client and to a plain one.
Streams must be the recorded bytes and every event valid by the SDK's models; plain answers must have the
recorded status and bytes.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import httpx2
import openai
import pytest
from mock_openai.server import MockServer
from ninelives.cassette import Cassette, Redactor
from ninelives.cassette.exchange_files import load
from ninelives.cassette.sdk import validation_errors
from ninelives.player import Player
from websockets.asyncio.client import connect

from .recordings import ABSENT, Recording, plain, recordings, sockets, streams

if not recordings():
    pytest.skip(ABSENT, allow_module_level=True)

GROUP = 12
"""Exchanges that share one test's event loop and client: making those costs more than replaying."""

ANY = {"model": "gpt-5.4", "input": "what was asked is not recorded"}


def replayed(*one: Recording) -> Player:
    """The exchange as a cassette. The recordings are public and stay as they are; what is committed is
    redacted.
    """
    return Player(Cassette.parse(load([each.path for each in one], Redactor.off())), repeat=True)


def groups(found: list[Recording]) -> list[Any]:
    cut = [found[start : start + GROUP] for start in range(0, len(found), GROUP)]
    return [pytest.param(group, id=f"{group[0].name}..{group[-1].name}") for group in cut]


def official(http: httpx2.AsyncClient, server: MockServer) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0, http_client=http)


def retrieval(one: Recording) -> tuple[str, dict[str, Any]]:
    path, _, query = one.url_path.partition("?")
    pairs = dict(pair.split("=") for pair in query.split("&"))
    return path.rpartition("/")[2], {"stream": True, "starting_after": int(pairs["starting_after"])}


@pytest.mark.parametrize("group", groups(streams()))
async def test_a_stream_arrives_as_it_was_recorded_and_the_official_client_reads_all_of_it(
    group: list[Recording],
) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        for one in group:
            async with MockServer(responders=[replayed(one)]) as server:
                client = official(http, server)
                if one.method == "GET":
                    name, options = retrieval(one)
                    raw = client.responses.with_streaming_response.retrieve(name, **options)
                    parsed = client.responses.retrieve(name, **options)
                else:
                    asked = {**(one.request or ANY), "stream": True}
                    asked = {
                        "model": asked.get("model"),
                        "input": asked.get("input"),
                        "stream": True,
                        "extra_body": asked,
                    }
                    raw = client.responses.with_streaming_response.create(**asked)
                    parsed = client.responses.create(**asked)
                async with raw as answer:
                    assert answer.http_response.status_code == 200, one.name
                    assert b"".join([data async for data in answer.iter_bytes()]) == one.stream, one.name
                kinds: list[str] = []
                try:
                    async with await parsed as stream:
                        async for event in stream:
                            kinds.append(event.type)
                except openai.APIError:  # what the client makes of an error event
                    kinds.append("error")
                expected = [event["event"] for event in one.events or []]
                assert kinds == expected[: len(kinds)], one.name
                assert len(kinds) == len(expected) or kinds[-1:] == ["error"], one.name


@pytest.mark.parametrize("group", groups(streams()))
def test_every_recorded_event_is_valid_by_the_sdk_or_known_not_to_be(group: list[Recording]) -> None:
    for one in group:
        for exchange in replayed(one).exchanges:
            assert [timed.event.data for timed in exchange.events] == one.data, one.name
            for timed in exchange.events:
                assert validation_errors(timed.event.data) == [], one.name


@pytest.mark.parametrize("group", groups([one for one in streams() if one.method == "POST"]))
async def test_what_was_recorded_as_a_stream_is_replayed_over_a_websocket(group: list[Recording]) -> None:
    for one in group:
        async with (
            MockServer(responders=[replayed(one)]) as server,
            connect(server.ws_url, proxy=None, max_size=None) as ws,
        ):
            asked = {
                key: value
                for key, value in (one.request or ANY).items()
                if key not in ("stream", "background")
            }
            if (one.request or {}).get("background"):
                asked["background"] = True
            await ws.send(json.dumps({"type": "response.create", **asked}))
            assert [await ws.recv(decode=False) for _ in one.data] == one.data, one.name


@pytest.mark.parametrize("name", sockets() or ["none"])
async def test_a_websocket_conversation_is_replayed_to_a_raw_and_to_the_official_client(name: str) -> None:
    turns = sockets()[name]
    async with MockServer(responders=[player := replayed(*turns)]) as server:
        async with connect(server.ws_url, proxy=None) as ws:
            for turn in turns:
                await ws.send(json.dumps(turn.request))
                assert [await ws.recv(decode=False) for _ in turn.data] == turn.data
        assert player.unused == []
        player.reset()
        async with (
            openai.AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
            client.responses.connect() as connection,
        ):
            for turn in turns:
                await connection.send(turn.request or {})  # type: ignore[arg-type]
                received = [await connection.recv() for _ in turn.data]
                assert [event.type for event in received] == [
                    event["data"]["type"] for event in turn.events or []
                ]
        player.reset()
        for turn in turns:  # and the same over HTTP, as a stream
            async with aiohttp.ClientSession() as session:
                body = {key: value for key, value in (turn.request or {}).items() if key != "type"}
                async with session.post(
                    f"{server.base_url}/responses", json={**body, "stream": True}
                ) as answer:
                    framed = [
                        b"event: %b\ndata: %b\n\n" % (json.loads(data)["type"].encode(), data)
                        for data in turn.data
                    ]
                    assert await answer.read() == b"".join(framed)
    for turn in turns:
        for data in turn.data:
            assert validation_errors(data) == []


@pytest.mark.parametrize("group", groups(plain()))
async def test_a_plain_answer_has_the_recorded_status_and_bytes(group: list[Recording]) -> None:
    async with aiohttp.ClientSession() as session:
        for one in group:
            async with MockServer(responders=[replayed(one)]) as server:
                creates = one.method == "POST" and one.url_path.endswith("/responses")
                body = one.request or (ANY if creates else None)
                path = "/v1/responses" if creates else one.url_path
                url = server.base_url.removesuffix("/v1") + path
                async with session.request(one.method, url, json=body) as answer:
                    assert answer.status == (one.status or 400), one.name
                    assert await answer.read() == one.body, one.name


@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in recordings()[:1]])
async def test_a_request_that_was_not_recorded_gets_no_recorded_answer(one: Recording) -> None:
    async with (
        MockServer(responders=[replayed(one)]) as server,
        aiohttp.ClientSession() as session,
        session.get(f"{server.base_url}/responses/resp_unheard_of") as answer,
    ):
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "ninelives_no_recording"


@pytest.mark.thorough
def test_redaction_leaves_public_recordings_readable() -> None:
    """Redacted as every committed cassette is, the recordings keep their structure: same events, same
    lengths.
    """
    for one in streams():
        redacted = Cassette.parse(load([one.path])).exchanges[0].answer
        assert redacted is not None
        assert len(redacted) == len(one.stream), one.name
        assert [data[:40] for data in redacted.split(b"\n\n")] == [
            data[:40] for data in one.stream.split(b"\n\n")
        ]
