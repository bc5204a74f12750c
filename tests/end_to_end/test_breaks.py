"""However a connection ended while it was recorded, it ends so when it is replayed: to the byte, in the same
way.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mock_openai import MockServer
from ninelives.cassette import Cassette
from ninelives.player import Player
from ninelives.recorder import Recorder

CREATE = json.dumps({"type": "response.create", "model": "gpt-5.4", "input": "Hello"}).encode()
BODY = json.dumps({"model": "gpt-5.4", "input": "Hello", "stream": True}).encode()
PLAIN = json.dumps({"model": "gpt-5.4", "input": "Hello"}).encode()
CREATED = b'{"type":"response.created","response":{"id":"resp_1","output":[]}}'
COMPLETED = b'{"type":"response.completed","response":{"id":"resp_1","output":[]}}'
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


def frame(data: bytes, first: int = 0x81) -> bytes:
    size = len(data)
    return bytes([first]) + (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")) + data


def masked(data: bytes) -> bytes:
    plain = frame(data)
    head = len(plain) - len(data)
    return plain[:1] + bytes([plain[1] | 0x80]) + plain[2:head] + bytes(4) + data


def reset(writer: asyncio.StreamWriter) -> None:
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Upstream:
    """Answers every request with the same bytes and the same end, once its listener has them."""

    def __init__(self, said: bytes, ending: str) -> None:
        self.said, self.ending = said, ending
        self.heard = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"pgrade: websocket" in head:
            key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
            assert key is not None
            answer = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + answer + b"\r\n\r\n"
            )
            await reader.readexactly(len(masked(CREATE)))
        else:
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert length is not None
            await reader.readexactly(int(length[1]))
        writer.write(self.said)
        await writer.drain()
        if self.said:
            await self.heard.wait()
        if self.ending == "reset":
            reset(writer)
        else:
            writer.close()


async def listen(port: int, request: bytes, expected: int, heard: asyncio.Event) -> tuple[bytes, str]:
    """What a client receives after the head, and how its connection ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received, ending = b"", "fin"
    if request == CREATE:
        writer.write(
            b"GET /v1/responses HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(masked(CREATE))
    else:
        writer.write(
            b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(request), request)
        )
    try:
        while data := await reader.read(65536):
            received += data
            if len(received) >= expected:
                heard.set()
    except ConnectionResetError:
        ending = "reset"
    writer.close()
    return received, ending


def body(received: bytes) -> bytes | None:
    """An HTTP body as far as it came, chunks joined; None without a head."""
    head, blank, rest = received.partition(b"\r\n\r\n")
    if not blank:
        return None
    if b"chunked" not in head.lower():
        return rest
    joined = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        joined += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return joined


CASES = {
    "nothing at all": (BODY, b"", None),
    "the head of a stream": (BODY, SSE, b""),
    "a stream cut in mid-event": (
        BODY,
        SSE + b"19\r\ndata: " + CREATED[:19] + b"\r\n",
        b"data: " + CREATED[:19],
    ),
    "the head of a plain answer": (PLAIN, JSON, b""),
    "half a plain answer": (PLAIN, JSON + b'{\n  "id": "resp_1', b'{\n  "id": "resp_1'),
    "a socket before the first event": (CREATE, b"", b""),
    "half a frame": (CREATE, frame(CREATED) + frame(COMPLETED)[:30], None),
    "a head without its payload": (CREATE, frame(CREATED) + frame(b"x" * 300)[:4], None),
    "a message of which a fragment came": (CREATE, frame(CREATED) + frame(COMPLETED[:9], 0x01), None),
    "a socket after a finished turn": (CREATE, frame(CREATED) + frame(COMPLETED), None),
}


@pytest.mark.parametrize("ending", ["fin", "reset"])
@pytest.mark.parametrize("case", CASES)
async def test_a_break_is_replayed_where_and_how_it_was_recorded(
    case: str, ending: str, tmp_path: Path
) -> None:
    request, said, wanted = CASES[case]
    upstream = Upstream(said, ending)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Recorder(f"http://127.0.0.1:{port}", tmp_path / "c.jsonl") as proxy:
        head = len(said) if request == CREATE else 1
        _, live = await listen(proxy.port, request, head, upstream.heard)
    server.close()
    assert live == ending
    async with MockServer(responders=[Player(tmp_path / "c.jsonl")], pace="recorded") as mock:
        received, replayed = await listen(mock.port, request, 0, asyncio.Event())
    assert replayed == ending
    if request == CREATE:
        assert received == said
    else:
        assert body(received) == wanted


@pytest.mark.virtual_time
async def test_a_server_that_closes_an_idle_socket_closes_it_when_it_did() -> None:
    from ninelives.cassette.builder import CassetteBuilder
    from websockets.asyncio.client import connect

    loop = asyncio.get_running_loop()
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses", t=0)
    writer.send(CREATE, t=10)
    writer.recv(CREATED, t=100)
    writer.recv(COMPLETED, t=200)
    writer.close("server", 1001, "idle", t=300_010)
    player = Player(Cassette.parse(builder.bytes()), repeat=True)
    async with MockServer(responders=[player], pace="recorded") as mock:
        async with connect(mock.ws_url, proxy=None, ping_interval=None) as ws:
            began = loop.time()
            await ws.send(CREATE.decode())
            await ws.recv()
            await ws.recv()
            assert loop.time() - began == pytest.approx(0.19, abs=0.02)
            await ws.wait_closed()
            assert loop.time() - began == pytest.approx(300, abs=0.1)
            assert (ws.close_code, ws.close_reason) == (1001, "idle")
        async with connect(mock.ws_url, proxy=None, ping_interval=None) as ws:
            frames: list[Any] = []
            for _ in range(2):  # the second is served as the first was
                await ws.send(CREATE.decode())
                frames += [await ws.recv(), await ws.recv()]
            assert len(frames) == 4
