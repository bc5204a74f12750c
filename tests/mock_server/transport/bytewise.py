"""A client that writes bytes and reads whole answers, and a script for it."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mock_openai import MockServer
from mock_openai.wire.frames import PONG, frame

NOW = 1_790_000_000.0
TIMES = 5
SCRIPT = [
    {"when": {"user": "call"}, "reply": [{"call": "look", "arguments": {"at": "Paris"}}]},
    {"when": {"user": "no"}, "reply": [{"refusal": "I 100% would rather not."}]},
    {"when": {"user": "hi"}, "reply": [{"text": "Hello, you. 100%d!", "deltas": 3}]},
]


class Wire:
    """A client that writes bytes and reads whole answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.pongs = 0

    async def answer(self) -> tuple[bytes, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            return head, await self.reader.readuntil(b"0\r\n\r\n")
        length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return head, await self.reader.readexactly(length)

    async def ask(self, asked: bytes) -> tuple[bytes, bytes]:
        """Ask, and give the head, without how long it took, and the body."""
        self.writer.write(asked)
        head, said = await self.answer()
        return re.sub(rb"openai-processing-ms: \d+", b"", head), said

    async def frame(self) -> dict[str, Any]:
        first, size = await self.reader.readexactly(2)
        if first & 0x0F == PONG:
            self.pongs += 1
            return await self.frame()
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        return json.loads(await self.reader.readexactly(size))

    async def frames(self) -> list[dict[str, Any]]:
        events = [await self.frame()]
        while events[-1]["type"] not in ("response.completed", "response.incomplete", "error"):
            events.append(await self.frame())
        return events

    async def turn(self, text: Any = "hi", **fields: Any) -> list[dict[str, Any]]:
        self.writer.write(masked(body(text, type="response.create", **fields)))
        return await self.frames()


@asynccontextmanager
async def wire(server: MockServer, *, upgrade: bool = False, headers: str = "") -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        if upgrade:
            key = base64.b64encode(bytes(16)).decode()
            writer.write(
                b"GET /v1/responses HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n%b\r\n"
                % (key.encode(), headers.encode())
            )
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        yield Wire(reader, writer)
    finally:
        writer.close()


def body(text: Any = "hi", **fields: Any) -> bytes:
    return json.dumps({"model": "gpt-4o-mini", **fields, "input": text}).encode()


def request(text: str = "hi", *, headers: str = "", **fields: Any) -> bytes:
    data = body(text, **fields)
    head = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def masked(payload: bytes) -> bytes:
    plain = frame(payload)
    head = plain[: len(plain) - len(payload)]
    return head[:1] + bytes([head[1] | 0x80]) + head[2:] + bytes(4) + payload
