"""An upstream that sends more than anyone can hold, what nobody asked for, or never ends."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from mock_openai import MockServer
from mock_openai.protocol import json as api_json
from mock_openai.transport.handshake import accept
from mock_openai.upstream import stream
from multidict import CIMultiDict

from tests.effort import HANG
from tests.mock_server.transport.test_large import AT_MOST, calls_within_a_callback

ASKED = {"model": "gpt-4o", "input": "hi"}
ANSWER = {"id": "resp_1", "object": "response", "status": "completed", "output": []}
CREATED = b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1"}}\n\n'
STREAM, JSON = "text/event-stream", "application/json"
DELTA = b'{"type":"response.output_text.delta","delta":"x"}'


def head(kind: str, *more: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Type: {kind}", *more, "", ""]).encode()


@asynccontextmanager
async def upstream(first: bytes, again: bytes = b"", times: float = 0) -> AsyncIterator[str]:
    """A server that answers any request with `first`, then with `again` that many times."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            if "websocket" in asked:
                fields = [line.split(": ", 1) for line in asked.splitlines()[1:] if line]
                key = accept(CIMultiDict((name, value) for name, value in fields))
                writer.write(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n")
                writer.write(f"Sec-WebSocket-Accept: {key}\r\n\r\n".encode())
                await reader.read(1)
            writer.write(first)
            sent = 0
            while sent < times:
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(0)
                sent += 1
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGEST", 2**20)


def deflated(data: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(data) + packing.flush()


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", deflated)]
)
@pytest.mark.parametrize("kind", [JSON, STREAM])
async def test_what_is_compressed_although_nobody_asked_reaches_the_client_unpacked(
    coding: str, pack: Callable[[bytes], bytes], kind: str
) -> None:
    plain = CREATED if kind == STREAM else json.dumps(ANSWER).encode()
    body = pack(plain)
    told = head(kind, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}") + body
    async with (
        upstream(told) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession(auto_decompress=False) as http,
        http.post(f"{mock.base_url}/responses", json={**ASKED, "stream": kind == STREAM}) as answer,
    ):
        came = await answer.read()
        assert "content-encoding" not in answer.headers
        assert came == plain if kind == STREAM else json.loads(came) == ANSWER


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("bomb", ["endless", "compressed"])
async def test_an_answer_that_is_too_large_is_a_502(bomb: str) -> None:
    packed = gzip.compress(b" " * 2**22)
    told = (
        (head(JSON, "Content-Length: 99999999999"), b" " * 2**16, float("inf"))
        if bomb == "endless"
        else (head(JSON, "Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed, b"", 0)
    )
    async with (
        upstream(*told) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
        http.post(f"{mock.base_url}/responses", json=ASKED) as answer,
    ):
        assert answer.status == 502
        assert "its answer is larger than 1 MiB" in (await answer.json())["error"]["message"]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("again", [b"x" * 2**16, b"id: 1\n" * 9_000, b":\n\n" * 9_000], ids=repr)
async def test_a_stream_without_end_is_cut_off(again: bytes) -> None:
    async with (
        upstream(head(STREAM) + CREATED + b"data: ", again, float("inf")) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
        http.post(f"{mock.base_url}/responses", json={**ASKED, "stream": True}) as answer,
    ):
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


@pytest.mark.real_time
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("frame", [b"\x81%c%b" % (len(DELTA), DELTA), b"\x81\x7f" + b"\x7f" * 8])
async def test_a_socket_without_end_is_cut_off(frame: bytes) -> None:
    async with (
        upstream(b"", frame * 1000, float("inf")) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
        http.ws_connect(mock.ws_url) as socket,
    ):
        await socket.send_json({"type": "response.create", **ASKED})
        assert [one.type async for one in socket if one.type is not aiohttp.WSMsgType.TEXT] == []
        assert socket.closed


@pytest.mark.real_time
async def test_a_flood_of_pings_holds_up_nobody_and_the_server_ends() -> None:
    async with (
        asyncio.timeout(HANG),
        upstream(b"", b"\x89\x01x" * 20_000, float("inf")) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
    ):
        socket = await http.ws_connect(mock.ws_url)
        await socket.send_json({"type": "response.create", **ASKED})
        for _ in range(3):
            async with http.get(f"{mock.base_url.removesuffix('/v1')}/health") as answer:
                assert answer.status == 200


async def test_thousands_of_events_in_one_read_are_worked_off_some_at_a_time() -> None:
    async with (
        upstream(head(STREAM) + b":\n\n" * 50_000) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
    ):
        with calls_within_a_callback() as longest:
            async with http.post(f"{mock.base_url}/responses", json={**ASKED, "stream": True}) as answer:
                assert len(await answer.read()) == 150_000
        assert longest.calls <= AT_MOST


async def test_an_event_that_is_nested_deeply_is_passed_on() -> None:
    deep = b'data: {"type":"response.created","x":%b%b}\n\n' % (b"[" * 100_000, b"]" * 100_000)
    async with (
        upstream(head(STREAM) + deep) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
        http.post(f"{mock.base_url}/responses", json={**ASKED, "stream": True}) as answer,
    ):
        assert await answer.read() == deep


async def test_a_ping_before_the_end_of_the_socket_hides_no_frame() -> None:
    """The socket is gone before the ping is read, so it cannot be answered."""
    delta = b"\x81%c%b" % (len(DELTA), DELTA)
    done = b'{"type":"response.completed","response":{"id":"resp_1"}}'
    told = delta * 150 + b"\x89\x01x" + b"\x81%c%b" % (len(done), done)
    async with (
        upstream(told) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
        http.ws_connect(mock.ws_url) as socket,
    ):
        await socket.send_json({"type": "response.create", **ASKED})
        came = [await socket.receive() for _ in range(151)]
    assert {each.type for each in came} == {aiohttp.WSMsgType.TEXT}
    assert json.loads(came[-1].data)["type"] == "response.completed"


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_of_more_values_than_are_read_is_passed_on_as_it_came(
    monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    monkeypatch.setattr(api_json, "MOST_READ", 1000)
    read: list[int] = []
    parse = api_json.parse
    monkeypatch.setattr(api_json, "parse", lambda data: read.append(len(data)) or parse(data))
    values = b",".join(b'"k%d": 1' % number for number in range(1000))
    body = b'{"id": "resp_1", "object": "response", "status": "completed", "more": {%b}}' % values
    ended = b'event: response.completed\ndata: {"type":"response.completed","response":%b}\n\n' % body
    came = CREATED + ended if streamed else body
    async with (
        upstream(head(STREAM if streamed else JSON) + came) as address,
        MockServer(upstream=address) as mock,
        aiohttp.ClientSession() as http,
        http.post(f"{mock.base_url}/responses", json={**ASKED, "stream": streamed}) as answer,
    ):
        assert await answer.read() == came
        assert max(read, default=0) < len(body)
