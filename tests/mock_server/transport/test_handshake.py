"""Handshakes and closes to the letter of RFC 6455 and RFC 7692, and methods that an address does not take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from mock_openai import Behaviour, MockServer

from .test_frames import frame

KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
GOOD = ["Connection: Upgrade", "Upgrade: websocket", KEY, "Sec-WebSocket-Version: 13"]


@pytest.fixture
async def server() -> AsyncIterator[MockServer]:
    async with MockServer(behaviour=Behaviour(deflate=True)) as server:
        yield server


async def answer(server: MockServer, lines: list[str], path: str = "/v1/responses") -> tuple[int, str]:
    """Give the status and the whole head of what a handshake gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    writer.close()
    return int(head[9:12]), head


def without(name: str, *instead: str) -> list[str]:
    return [*(line for line in GOOD if not line.startswith(name)), *instead]


@pytest.mark.parametrize(
    "lines",
    [
        GOOD,
        without("Connection", "Connection: keep-alive, UPGRADE"),
        without("Connection", "Connection: keep-alive", "Connection: upgrade"),
        without("Upgrade", "Upgrade: h2c, WebSocket"),
    ],
)
async def test_a_handshake_may_be_written_in_several_ways(server: MockServer, lines: list[str]) -> None:
    assert (await answer(server, lines))[0] == 101


@pytest.mark.parametrize(
    "lines",
    [
        without("Connection", "Connection: not-upgrade-at-all"),
        without("Connection", "Connection: upgraded"),
        without("Connection"),
        without("Sec-WebSocket-Key"),
        [*GOOD, KEY],
        [*GOOD, KEY.replace("A", "B", 1)],
        without("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAA"),
    ],
)
async def test_what_is_no_handshake_is_refused(server: MockServer, lines: list[str]) -> None:
    status, _ = await answer(server, lines)
    assert status == 400


@pytest.mark.parametrize(
    "lines",
    [
        without("Sec-WebSocket-Version"),
        without("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"),
        without("Sec-WebSocket-Version", "Sec-WebSocket-Version: 013"),
        [*GOOD, "Sec-WebSocket-Version: 8"],
    ],
)
async def test_another_version_is_told_the_right_one(server: MockServer, lines: list[str]) -> None:
    status, head = await answer(server, lines)
    assert status == 426
    assert "\r\nsec-websocket-version: 13\r\n" in head


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


@pytest.mark.parametrize(
    ("offers", "bits"),
    [
        ([DEFLATE], None),
        ([f"{DEFLATE}; client_max_window_bits; server_no_context_takeover"], None),
        ([f"{DEFLATE}; client_max_window_bits=15; server_max_window_bits=8"], "8"),
        ([f'{DEFLATE}; server_max_window_bits="12"'], "12"),
        ([f"{DEFLATE}; server_max_window_bits=16, permessage-deflate"], None),
        (["Sec-WebSocket-Extensions: other", f"{DEFLATE}; server_max_window_bits=10"], "10"),
    ],
)
async def test_compression_is_agreed_to(server: MockServer, offers: list[str], bits: str | None) -> None:
    status, head = await answer(server, [*GOOD, *offers])
    assert status == 101
    told = next(line for line in head.splitlines() if line.startswith("sec-websocket-extensions"))
    flags = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    assert told.partition(": ")[2] == flags + (f"; server_max_window_bits={bits}" if bits else "")


@pytest.mark.parametrize(
    "parameters",
    [
        *(f"server_max_window_bits={bits}" for bits in ("7", "16", "010", "8.0", "", "x")),
        *(f"client_max_window_bits={bits}" for bits in ("7", "16", "010")),
        "server_max_window_bits",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits; client_max_window_bits=9",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover=1",
        "surprise",
    ],
)
async def test_what_is_no_offer_is_not_agreed_to(server: MockServer, parameters: str) -> None:
    status, head = await answer(server, [*GOOD, f"{DEFLATE}; {parameters}"])
    assert status == 101
    assert "sec-websocket-extensions" not in head


@pytest.mark.parametrize("code", [None, 1000, 1001, 1008, 3000, 4999])
async def test_a_close_is_echoed(server: MockServer, code: int | None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write("\r\n".join(["GET /v1/responses HTTP/1.1", "Host: x", *GOOD, "", ""]).encode())
    await reader.readuntil(b"\r\n\r\n")
    said = b"" if code is None else code.to_bytes(2)
    writer.write(frame(said + (b"bye" if said else b""), 0x88))
    assert await reader.read() == bytes((0x88, len(said))) + said
    writer.close()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/responses", "POST"),
        ("PUT", "/v1/responses/resp_1", "GET, DELETE"),
        ("DELETE", "/v1/models", "GET"),
        ("PATCH", "/v1/conversations/conv_1", "GET, POST, DELETE"),
        ("GET", "/v1/responses/compact", "GET, POST, DELETE"),
    ],
)
async def test_a_method_that_is_not_taken_is_told_those_that_are(
    server: MockServer, method: str, path: str, allowed: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    if head[9:12] != "404":  # `GET /responses/compact` reads a response of that name
        assert head[9:12] == "405"
        assert f"\r\nAllow: {allowed}\r\n".lower() in head.lower()
