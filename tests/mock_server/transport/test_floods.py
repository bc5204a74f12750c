"""A client that sends tens of thousands of small messages in one read holds up nobody for long."""

from __future__ import annotations

import asyncio

import pytest
from mock_openai import MockServer

from tests.mock_server.transport.test_large import AT_MOST, calls_within_a_callback

HANDSHAKE = (
    b"GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
FRAMES = {
    "pings": b"\x89\x81\0\0\0\0x",
    "pongs": b"\x8a\x81\0\0\0\0x",
    "empty texts": b"\x81\x80\0\0\0\0",
    "binaries": b"\x82\x81\0\0\0\0x",
    "broken JSON": b"\x81\x81\0\0\0\0{",
}
MANY = 2_000


@pytest.mark.parametrize("name", FRAMES)
async def test_a_flood_is_worked_off_some_at_a_time(name: str) -> None:
    async with MockServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FRAMES["broken JSON"])  # the first error imports what errors need
        await reader.readuntil(b"}}")
        with calls_within_a_callback() as longest:
            writer.write(FRAMES[name] * MANY + b"\x88\x80\0\0\0\0")
            await reader.read()
        assert longest.calls < AT_MOST
        writer.close()
