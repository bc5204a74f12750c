"""The recorder over WebSocket: messages, pings, closes and resets pass as they are, and the messages are
recorded.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import openai
import pytest
import websockets
from mock_openai.responders.answer import Close
from ninelives.cassette import Cassette
from ninelives.recorder import Recorder
from websockets.asyncio.client import connect

from tests.effort import HANG

KEY = "sk-CANARY0123456789abcd"
CREATE = '{"type":"response.create","model":"m","input":"h\u00e9"}'
CREATED = '{"type":"response.created","response":{"id":"resp_1"},"x":1.0}'
COMPLETED = '{"type":"response.completed","response":{"id":"resp_1"}}'


def header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(name.lower() + b":"):
            return line.partition(b":")[2].strip()
    return b""


async def accept(peer: Any, extra: bytes = b"") -> None:
    head = await peer.request()
    key = header(head, b"sec-websocket-key") + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    answer = base64.b64encode(hashlib.sha1(key).digest())
    await peer.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + answer + b"\r\n" + extra + b"\r\n"
    )


def frame(opcode: int, data: bytes, final: bool = True) -> bytes:
    head = bytes([(0x80 if final else 0) | opcode])
    size = len(data)
    length = (
        bytes([size])
        if size < 126
        else b"\x7e" + size.to_bytes(2, "big")
        if size < 2**16
        else b"\x7f" + size.to_bytes(8, "big")
    )
    return head + length + data


async def client_frame(peer: Any) -> tuple[int, bytes]:
    one, two = await peer.reader.readexactly(2)
    size = two & 0x7F
    if size >= 126:
        size = int.from_bytes(await peer.reader.readexactly(2 if size == 126 else 8), "big")
    mask = await peer.reader.readexactly(4)
    data = await peer.reader.readexactly(size)
    return one & 0x0F, bytes(
        byte ^ mask[place % 4] for place, byte in enumerate(data)
    ) if size < 10**6 else data


async def test_a_turn_passes_both_ways_and_is_recorded(upstream: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"

    async def serve(peer: Any) -> None:
        await accept(peer, b"x-request-id: req_1\r\nset-cookie: a=CANARYcookie1234567\r\n")
        assert await client_frame(peer) == (1, CREATE.encode())
        await peer.send(frame(1, CREATED.encode()[:9], final=False) + frame(0, CREATED.encode()[9:]))
        await peer.send(frame(2, b"\x00\xff") + frame(1, COMPLETED.encode()))
        await peer.send(frame(8, b"\x03\xe9going away"))
        await client_frame(peer)
        peer.fin()

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=path) as proxy:
        assert proxy.ws_url == f"ws://127.0.0.1:{proxy.port}/v1/responses"
        async with connect(
            proxy.ws_url, additional_headers={"Authorization": f"Bearer {KEY}", "X-Custom": "1"}, proxy=None
        ) as ws:
            await ws.send(CREATE)
            received = [await ws.recv() for _ in range(3)]
            with pytest.raises(websockets.ConnectionClosedOK) as closed:
                await ws.recv()
    assert received == [CREATED, b"\x00\xff", COMPLETED]
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "going away")
    head = upstream.peers[0].head.lower()
    assert KEY.lower().encode() in head
    assert b"x-custom: 1" in head
    assert b"sec-websocket-extensions" not in head
    (turn,) = (cassette := Cassette.load(path)).exchanges
    assert turn.request.decode() == CREATE
    assert [timed.event.data.decode("latin-1") for timed in turn.events] == [CREATED, "\x00\xff", COMPLETED]
    assert turn.headers == {"x-request-id": "req_1"}
    assert [line.code for line in cassette.lines if hasattr(line, "code")] == [1001]
    assert b"CANARY" not in path.read_bytes()


@pytest.mark.parametrize("how", ["close", "close without code", "reset", "fin"])
async def test_a_socket_that_dies_in_mid_turn_dies_for_the_client_in_the_same_way(
    upstream: Any, tmp_path: Path, how: str
) -> None:
    async def serve(peer: Any) -> None:
        await accept(peer)
        await client_frame(peer)
        await peer.send(frame(1, CREATED.encode()))
        await asyncio.sleep(0.02)
        if how == "reset":
            peer.reset()
        elif how == "fin":
            peer.fin()
        else:
            await peer.send(frame(8, b"\x03\xf3sorry" if how == "close" else b""))
            await client_frame(peer)
            peer.fin()

    upstream.serve = serve
    async with (
        Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy,
        connect(proxy.ws_url, proxy=None) as ws,
    ):
        await ws.send(CREATE)
        assert await ws.recv() == CREATED
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ws.recv()
        got, cause = closed.value.rcvd, closed.value.__cause__
    (turn,) = Cassette.load(tmp_path / "a.jsonl").exchanges
    if how == "close":
        assert got is not None
        assert (got.code, got.reason) == (1011, "sorry")
        assert turn.ending == Close(1011, "sorry")
    elif how == "close without code":
        assert got is not None
        assert got.code == 1005
        assert turn.ending == Close(1005, "")
    else:
        assert got is None
        # Websockets 15 gives no cause for a socket that is closed without a word; later ones give EOFError.
        assert isinstance(cause, ConnectionResetError) == (how == "reset")
        assert turn.ending == how
    assert not turn.complete


async def test_pings_and_silence_pass_through(upstream: Any, tmp_path: Path) -> None:
    pinged = asyncio.Event()

    async def serve(peer: Any) -> None:
        await accept(peer)
        assert await client_frame(peer) == (9, b"are you there")
        pinged.set()  # and no pong: the client must notice, not the proxy
        await peer.reader.read()

    upstream.serve = serve
    async with (
        Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy,
        connect(proxy.ws_url, ping_interval=None, close_timeout=0.05, proxy=None) as ws,
    ):
        pong = await ws.ping("are you there")
        await asyncio.wait_for(pinged.wait(), HANG)
        await asyncio.sleep(0.02)
        assert not pong.done()


async def test_a_refused_handshake_is_passed_on_and_recorded(upstream: Any, tmp_path: Path) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(
            b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\n"
            b"Content-Length: 4\r\nx-request-id: req_9\r\n\r\nbad!"
        )

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(proxy.ws_url, proxy=None)
    assert refused.value.response.status_code == 401
    assert refused.value.response.body == b"bad!"
    (exchange,) = Cassette.load(tmp_path / "a.jsonl").exchanges
    assert (exchange.method, exchange.status, exchange.answer) == ("GET", 401, b"bad!")


@pytest.mark.parametrize("how", ["reset", "fin", "refused"])
async def test_a_handshake_without_an_answer(upstream: Any, tmp_path: Path, how: str) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        peer.reset() if how == "reset" else peer.fin()

    upstream.serve = serve
    if how == "refused":
        await upstream.stop()
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        with pytest.raises((websockets.InvalidMessage, ConnectionError)):
            await connect(proxy.ws_url, proxy=None)
    cassette = Cassette.load(tmp_path / "a.jsonl")
    assert cassette.lines[-1].how == how  # type: ignore[union-attr]
    assert cassette.exchanges[0].status in (0, None)


async def test_subprotocols_pass_and_a_key_among_them_reaches_neither_file_nor_log(
    upstream: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    async def serve(peer: Any) -> None:
        await accept(peer, b"Sec-WebSocket-Protocol: realtime\r\n")
        await client_frame(peer)
        peer.fin()

    upstream.serve = serve
    protocols = [websockets.Subprotocol("realtime"), websockets.Subprotocol(f"openai-insecure-api-key.{KEY}")]
    async with (
        Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy,
        connect(proxy.ws_url, subprotocols=protocols, proxy=None) as ws,
    ):
        assert ws.subprotocol == "realtime"
    assert KEY.encode() in upstream.peers[0].head
    mine = [record for record in caplog.records if not record.name.startswith("websockets")]
    assert not any("CANARY" in record.getMessage() for record in mine)
    data = (tmp_path / "a.jsonl").read_bytes()
    assert b"openai-insecure-api-key.sk-" in data
    assert b"CANARY" not in data


@pytest.mark.thorough
async def test_sixteen_mebibytes_each_way(upstream: Any, tmp_path: Path) -> None:
    big = '{"type":"response.completed","v":"' + "x" * 2**24 + '"}'

    async def serve(peer: Any) -> None:
        await accept(peer)
        _, data = await client_frame(peer)
        assert len(data) == len(big)
        await peer.send(frame(1, big.encode()))
        await client_frame(peer)
        peer.fin()

    upstream.serve = serve
    async with (
        Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy,
        connect(proxy.ws_url, max_size=None, compression=None, proxy=None) as ws,
    ):
        await ws.send(big)
        assert await ws.recv() == big
    lines = Cassette.load(tmp_path / "a.jsonl").lines
    assert [len(getattr(line, "data", b"")) for line in lines if hasattr(line, "op")] == [len(big)] * 2


async def test_a_client_that_drops_the_line(upstream: Any, tmp_path: Path) -> None:
    hung_up = asyncio.Event()

    async def serve(peer: Any) -> None:
        await accept(peer)
        await client_frame(peer)
        await peer.send(frame(1, CREATED.encode()))
        await peer.reader.read()
        hung_up.set()

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        ws = await connect(proxy.ws_url, proxy=None)
        await ws.send(CREATE)
        assert await ws.recv() == CREATED
        ws.transport.abort()
        await asyncio.wait_for(hung_up.wait(), HANG)
    last = Cassette.load(tmp_path / "a.jsonl").lines[-1]
    assert (last.how, last.by) == ("gone", "client")  # type: ignore[union-attr]


async def test_the_official_client_through_the_recorder_against_the_mock(tmp_path: Path) -> None:
    from mock_openai.server import MockServer

    path = tmp_path / "a.jsonl"
    async with MockServer() as server, Recorder(server.base_url, cassette=path) as proxy:
        client = openai.AsyncOpenAI(base_url=proxy.base_url, api_key=KEY, max_retries=0)
        seen: list[str] = []
        async with client.responses.connect() as connection:
            await connection.response.create(model="gpt-4o", input="hello")
            async for event in connection:
                seen.append(event.type)
                if event.type == "response.completed":
                    break
        await client.close()
    (turn,) = Cassette.load(path).exchanges
    assert [timed.event.type for timed in turn.events] == seen
    assert json.loads(turn.request)["input"] == "hello"
    assert b"CANARY" not in path.read_bytes()
