"""A cassette answers over real sockets: byte for byte, once each, over either transport, and a miss says
why.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
import websockets
from mock_openai import faults
from mock_openai.server import MockServer
from ninelives.cassette import Cassette
from ninelives.cassette.builder import CassetteBuilder
from ninelives.player import NO_RECORDING, Player, open_player
from ninelives.recorder import Recorder
from websockets.asyncio.client import connect

SSE = {"content-type": "text/event-stream; charset=utf-8", "x-request-id": "req_recorded"}


def response(name: str, text: str) -> list[bytes]:
    item = {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    events: list[dict[str, Any]] = [
        {
            "type": "response.created",
            "response": {"id": name, "object": "response", "output": []},
            "sequence_number": 0,
        },
        {
            "type": "response.output_text.delta",
            "delta": text,
            "item_id": f"msg_{name}",
            "content_index": 0,
            "output_index": 0,
            "logprobs": [],
            "sequence_number": 1,
        },
        {
            "type": "response.completed",
            "response": {"id": name, "object": "response", "output": [item], "temperature": 1.0},
            "sequence_number": 2,
        },
    ]
    return [json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode() for event in events]


def create(text: str, previous: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"model": "gpt-5.4", "input": [{"role": "user", "content": text}], **more}
    return {**body, "previous_response_id": previous} if previous else body


TURNS = [
    ("Hello", None, "resp_1", "Hi é!"),
    ("Weather?", "resp_1", "resp_2", "Sunny."),
    ("Hello", None, "resp_3", "Hi again!"),
]


def recorded_over_sse() -> Cassette:
    builder = CassetteBuilder(upstream="https://api.openai.com")
    for start, (said, previous, name, text) in enumerate(TURNS):
        writer, t = builder.line_writer(), start * 1000
        writer.request(
            "POST", "/v1/responses", {}, json.dumps({**create(said, previous), "stream": True}).encode(), t=t
        )
        writer.response(200, SSE, t=t + 100)
        for place, data in enumerate(response(name, text)):
            kind = json.loads(data)["type"].encode()
            writer.read(b"event: " + kind + b"\ndata: " + data + b"\n\n", t=t + 200 * (place + 1))
        writer.end(t=t + 700)
    plain = builder.line_writer()
    plain.request("POST", "/v1/responses", {}, json.dumps(create("Plain")).encode())
    plain.response(200, {"content-type": "application/json"})
    plain.body(json.dumps({"id": "resp_4", "output": [], "temperature": 1.0}, indent=2).encode())
    plain.end()
    refused = builder.line_writer()
    refused.request("POST", "/v1/responses", {}, json.dumps({**create("Refuse"), "stream": True}).encode())
    refused.response(429, {"content-type": "application/json", "retry-after": "7"})
    refused.body(
        b'{"error": {"message": "Slow down.", "type": "requests", "param": null, "code": "rate_limit"}}'
    )
    refused.end()
    deleted = builder.line_writer()
    deleted.request("DELETE", "/v1/responses/resp_1")
    deleted.response(200, {"content-type": "application/json"})
    deleted.body(b'{\n  "id": "resp_1",\n  "deleted": true\n}')
    deleted.end()
    return Cassette.parse(builder.bytes(), "talk.jsonl")


def recorded_over_websocket(*, cut: str | None = None) -> Cassette:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses")
    for said, previous, name, text in TURNS:
        writer.send(json.dumps({"type": "response.create", **create(said, previous)}).encode())
        for data in response(name, text)[: 2 if cut and name == "resp_3" else None]:
            writer.recv(data)
    if cut == "close":
        writer.close("server", 1011, "over")
    elif cut:
        writer.abort("reset" if cut == "reset" else "fin")
    return Cassette.parse(builder.bytes(), "talk.jsonl")


async def stream(server: MockServer, body: dict[str, Any]) -> bytes:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/responses", json={**body, "stream": True}) as answer,
    ):
        return await answer.read()


async def turn(ws: Any, body: dict[str, Any]) -> list[bytes]:
    await ws.send(json.dumps({"type": "response.create", **body}))
    frames = []
    while True:
        frames.append((await ws.recv()).encode())
        kind = json.loads(frames[-1])["type"]
        if kind in ("response.completed", "error"):
            return frames


def framed(events: list[bytes]) -> bytes:
    return b"".join(
        b"event: " + json.loads(data)["type"].encode() + b"\ndata: " + data + b"\n\n" for data in events
    )


@pytest.mark.parametrize(
    "cassette", [recorded_over_sse(), recorded_over_websocket()], ids=["sse", "websocket"]
)
async def test_the_same_recording_answers_over_both_transports(cassette: Cassette) -> None:
    player = Player(cassette)
    async with MockServer(responders=[player]) as server:
        for said, previous, name, text in TURNS:
            assert await stream(server, create(said, previous)) == framed(response(name, text))
        player.reset()
        async with connect(server.ws_url, proxy=None) as ws:
            for said, previous, name, text in TURNS:
                assert await turn(ws, create(said, previous)) == response(name, text)
    assert [exchange.transport for exchange in player.unused] == ["http"] * len(player.unused)


async def test_the_official_client_holds_the_recorded_conversation() -> None:
    player = Player(recorded_over_sse())
    async with (
        MockServer(responders=[player]) as server,
        openai.AsyncOpenAI(base_url=server.base_url, api_key="x", max_retries=0) as client,
    ):
        texts = []
        for said, previous, *_ in TURNS[:2]:
            async with await client.responses.create(
                model="gpt-5.4",
                input=[{"role": "user", "content": said}],
                previous_response_id=previous,
                stream=True,
            ) as events:
                texts += [event.delta async for event in events if event.type == "response.output_text.delta"]
        raw = await client.responses.with_raw_response.create(**create("Plain"))
        assert (
            await client.responses.with_raw_response.delete("resp_1")
        ).content == b'{\n  "id": "resp_1",\n  "deleted": true\n}'
        with pytest.raises(openai.RateLimitError, match="Slow down") as limited:
            await client.responses.create(**create("Refuse"), stream=True)
    assert texts == ["Hi é!", "Sunny."]
    assert raw.content == json.dumps({"id": "resp_4", "output": [], "temperature": 1.0}, indent=2).encode()
    assert limited.value.response.headers["retry-after"] == "7"
    assert [exchange.response_id for exchange in player.unused] == ["resp_3"]


async def test_a_full_resend_continues_a_recorded_conversation() -> None:
    body = {
        "model": "gpt-5.4",
        "input": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi é!"},
            {"role": "user", "content": "Weather?"},
        ],
    }
    async with MockServer(responders=[Player(recorded_over_websocket())]) as server:
        assert await stream(server, body) == framed(response("resp_2", "Sunny."))


async def test_each_recording_answers_once_in_recorded_order() -> None:
    player = Player(recorded_over_sse())
    async with MockServer(responders=[player]) as server:
        assert b"resp_1" in await stream(server, create("Hello"))
        assert b"resp_3" in await stream(server, create("Hello"))
        refused = json.loads(await stream(server, create("Hello")))["error"]
    assert refused["code"] == NO_RECORDING
    assert "recorded 2 times" in refused["message"]
    assert len(player.used) == 2


async def test_recordings_may_repeat() -> None:
    async with MockServer(responders=[Player(recorded_over_sse(), repeat=True)]) as server:
        answers = [await stream(server, create("Hello")) for _ in range(4)]
    assert [b"resp_1" in answer for answer in answers] == [True, False, False, False]
    assert answers[1] == answers[2] == answers[3]


async def test_an_ordered_replay_refuses_what_comes_too_early() -> None:
    player = Player(recorded_over_sse(), ordered=True)
    async with MockServer(responders=[player]) as server:
        early = json.loads(await stream(server, create("Weather?", "resp_1")))["error"]
        assert "the recording has another request before it" in early["message"]
        assert b"resp_1" in await stream(server, create("Hello"))
        assert b"resp_2" in await stream(server, create("Weather?", "resp_1"))


async def test_a_miss_is_an_api_error_that_shows_what_differs() -> None:
    player = Player(recorded_over_sse())
    async with MockServer(responders=[player]) as server:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x", max_retries=0) as client:
            with pytest.raises(openai.NotFoundError) as missed:
                await client.responses.create(**create("Hullo, my key is sk-CANARY0123456789"), stream=True)
            with pytest.raises(openai.NotFoundError, match="no GET responses/resp_9 was recorded"):
                await client.responses.retrieve("resp_9")
        async with connect(server.ws_url, proxy=None) as ws:
            (frame,) = await turn(ws, create("Hullo"))
    assert missed.value.code == NO_RECORDING
    text = str(missed.value)
    assert "talk.jsonl" in text
    assert "nearest is recording 1 (POST /v1/responses, line 2)" in text
    assert "Hullo" in text
    assert "CANARY" not in text
    error = json.loads(frame)
    assert (error["type"], error["error"]["code"]) == ("error", NO_RECORDING)
    assert len(player.missed) == 3


async def test_a_player_that_is_not_strict_leaves_the_rest_to_others() -> None:
    async with MockServer(responders=[Player(recorded_over_sse(), strict=False)]) as server:
        assert b"resp_1" in await stream(server, create("Hello"))
        assert b"response.completed" in await stream(server, create("Something else"))


@pytest.mark.parametrize("cut", ["close", "reset", "fin"])
async def test_a_recorded_break_breaks_again(cut: str) -> None:
    async with (
        MockServer(responders=[Player(recorded_over_websocket(cut=cut))]) as server,
        connect(server.ws_url, proxy=None) as ws,
    ):
        await turn(ws, create("Hello"))
        await turn(ws, create("Weather?", "resp_1"))
        await ws.send(json.dumps({"type": "response.create", **create("Hello")}))
        assert "resp_3" in await ws.recv()
        await ws.recv()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ws.recv()
    if cut == "close":
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, "over")
    else:
        assert closed.value.rcvd is None


async def test_a_stream_cut_in_mid_event_is_cut_there_again() -> None:
    whole = framed(response("resp_1", "Hi"))
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, json.dumps({**create("Hello"), "stream": True}).encode())
    writer.response(200, SSE)
    writer.read(whole[:200])
    writer.abort("fin")
    async with MockServer(responders=[Player(Cassette.parse(builder.bytes()))]) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        body = json.dumps({**create("Hello"), "stream": True}).encode()
        writer.write(
            b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        received = await reader.read()
        writer.close()
    assert whole[:200].rpartition(b"\n\n")[2] in received
    assert not received.endswith(b"0\r\n\r\n")


async def test_faults_strike_replayed_traffic() -> None:
    planned = faults.at(turn=1, event="response.completed").reset()
    async with (
        MockServer(responders=[Player(recorded_over_websocket())], faults=[planned]) as server,
        connect(server.ws_url, proxy=None) as ws,
    ):
        await ws.send(json.dumps({"type": "response.create", **create("Hello")}))
        assert [json.loads(await ws.recv())["type"] for _ in range(2)] == [
            "response.created",
            "response.output_text.delta",
        ]
        with pytest.raises(websockets.ConnectionClosedError):
            await ws.recv()


def test_recorded_times_are_kept_when_the_pace_says_so() -> None:
    from ninelives.virtual import run

    async def gaps(timing: Any) -> list[float]:
        times = []
        loop = asyncio.get_running_loop()
        async with (
            MockServer(
                responders=[Player(recorded_over_websocket_with_times(), timing=timing)], pace="recorded"
            ) as server,
            connect(server.ws_url, proxy=None, ping_interval=None) as ws,
        ):
            await ws.send(json.dumps({"type": "response.create", **create("Hello")}))
            for _ in range(3):
                await ws.recv()
                times.append(round(loop.time(), 3))
        return [round(later - earlier, 3) for earlier, later in itertools.pairwise(times)]

    assert run(gaps("recorded")) == [0.2, 3600.0]
    assert run(gaps(0.5)) == [0.1, 1800.0]
    assert run(gaps("none")) == [0.0, 0.0]


def recorded_over_websocket_with_times() -> Cassette:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses", t=0)
    writer.send(json.dumps({"type": "response.create", **create("Hello")}).encode(), t=50)
    for t, data in zip((400, 600, 3_600_600), response("resp_1", "Hi"), strict=True):
        writer.recv(data, t=t)
    return Cassette.parse(builder.bytes())


async def test_recorded_network_reads_are_repeated_when_the_pace_says_so() -> None:
    whole = framed(response("resp_1", "Hi"))
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, json.dumps({**create("Hello"), "stream": True}).encode(), t=0)
    writer.response(200, SSE, t=0)
    for place in range(0, len(whole), 100):
        writer.read(whole[place : place + 100], t=place // 10)
    writer.end()
    async with (
        MockServer(responders=[Player(Cassette.parse(builder.bytes()))], pace="recorded") as server,
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/responses", json={**create("Hello"), "stream": True}) as answer,
    ):
        chunks = [data async for data, _ in answer.content.iter_chunks()]
    assert b"".join(chunks) == whole
    assert [len(data) for data in chunks if data] == [100] * (len(whole) // 100) + [len(whole) % 100]


async def test_lanes_get_their_own_stream_id() -> None:
    async with (
        MockServer(responders=[Player(recorded_over_websocket())]) as server,
        connect(server.ws_url, proxy=None) as ws,
    ):
        frames = await turn(ws, create("Hello", stream_id="lane-7"))
    assert [json.loads(frame)["stream_id"] for frame in frames] == ["lane-7"] * 3


async def test_several_cassettes_are_stacked(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(recorded_over_websocket().data)
    player = Player([recorded_over_sse(), other])
    async with MockServer(responders=[player]) as server:
        answers = [await stream(server, create("Hello")) for _ in range(4)]
    assert [b"resp_1" in answer for answer in answers] == [True, False, True, False]
    assert player.cassettes[1].path == other


async def test_the_server_opens_a_cassette_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(recorded_over_sse().data)
    player = open_player(str(path), timing="0.1")
    async with MockServer(responders=[player]) as server:
        assert await stream(server, create("Hello")) == framed(response("resp_1", "Hi é!"))


async def test_a_refused_handshake_is_refused_again(tmp_path: Path) -> None:
    path = tmp_path / "refused.jsonl"
    async with (
        MockServer(api_key="sk-right") as upstream,
        Recorder(upstream.base_url, cassette=path) as proxy,
    ):
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(proxy.ws_url, proxy=None)
    async with MockServer(responders=[Player(path, repeat=True)]) as server:
        for _ in range(2):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(server.ws_url, proxy=None)
            assert refused.value.response.status_code == 401
            assert b"Missing bearer" in refused.value.response.body


async def test_a_binary_frame_stays_binary() -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses")
    writer.send(json.dumps({"type": "response.create", **create("hi", None)}).encode())
    writer.recv(b"\x00\x01", binary=True)
    writer.recv(json.dumps({"type": "response.completed", "response": {}}).encode())
    async with (
        MockServer(responders=[Player(Cassette.parse(builder.bytes()))]) as server,
        websockets.connect(server.ws_url, proxy=None) as ws,
    ):
        await ws.send(json.dumps({"type": "response.create", **create("hi", None)}))
        assert await ws.recv() == b"\x00\x01"
        assert isinstance(await ws.recv(), str)
