"""Packed bodies through the recorder: passed on as they are, recorded unpacked and without secrets."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import brotli
import pytest
import zstandard
from ninelives.cassette import Cassette, CassetteError
from ninelives.recorder import Recorder, forwarder

KEY = "sk-proj-CANARY0123456789abcdCANARY"
BODY = json.dumps({"model": "gpt-4o", "input": f"My key is {KEY}. " + "Hello. " * 200}).encode()
EVENTS = b"".join(
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"%b"}\n\n' % part
    for part in (b"Hi, ", KEY[:14].encode(), KEY[14:].encode(), b" it is.")
)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "gzip, zstd": lambda data: zstandard.compress(gzip.compress(data)),
}


async def send(proxy: Recorder, data: bytes, coding: str) -> tuple[int, bytes, str]:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.post(f"{proxy.base_url}/responses", data=data, headers=headers) as answer,
    ):
        return answer.status, await answer.read(), answer.headers.get("Content-Encoding", "")


@pytest.mark.parametrize("coding", PACKERS)
async def test_packed_requests_and_answers_pass_as_they_are(
    upstream: Any, tmp_path: Path, coding: str
) -> None:
    packed = PACKERS[coding](BODY)

    async def serve(peer: Any) -> None:
        await peer.request()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\n"
        await peer.send(f"{head}Content-Length: {len(packed)}\r\n\r\n".encode() + packed)

    upstream.serve = serve
    path = tmp_path / "a.jsonl"
    async with Recorder(upstream.url, cassette=path) as proxy:
        assert await send(proxy, packed, coding) == (200, packed, coding)
    [peer] = upstream.peers
    assert peer.body == packed
    assert f"content-encoding: {coding}" in peer.head.decode().lower()
    [exchange] = Cassette.load(path).exchanges
    assert len(exchange.request) == len(exchange.answer or b"") == len(BODY)
    assert json.loads(exchange.request)["input"].endswith("Hello. ")
    assert "content-encoding" not in {**exchange.headers, **exchange.request_headers}
    written = path.read_bytes()
    assert b"CANARY" not in written
    assert packed not in written


async def test_a_packed_request_is_unpacked_beside_the_loop_however_small_it_is(
    upstream: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    unpack = forwarder.unpacked

    def unpacked(*arguments: Any) -> bytes:
        threads.append(threading.current_thread())
        return unpack(*arguments)

    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    monkeypatch.setattr(forwarder, "unpacked", unpacked)
    upstream.serve = serve
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        await send(proxy, zstandard.compress(BODY), "zstd")
    [thread] = threads
    assert thread is not threading.main_thread(), "a few bytes may expand to many"


@pytest.mark.parametrize("coding", PACKERS)
async def test_a_packed_stream_is_recorded_by_its_events(upstream: Any, tmp_path: Path, coding: str) -> None:
    packed = PACKERS[coding](EVENTS)

    async def serve(peer: Any) -> None:
        await peer.request()
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        await peer.send(f"{head}Content-Encoding: {coding}\r\n\r\n".encode())
        for start in range(0, len(packed), 20):
            await peer.chunk(packed[start : start + 20])
        await peer.send(b"0\r\n\r\n")

    upstream.serve = serve
    path = tmp_path / "a.jsonl"
    async with Recorder(upstream.url, cassette=path) as proxy:
        assert (await send(proxy, b"{}", "identity"))[1] == packed
    [exchange] = Cassette.load(path).exchanges
    assert len(exchange.answer or b"") == len(EVENTS)
    assert (exchange.answer or b"").count(b"event: ") == 4
    assert "CANARY" not in path.read_text()


@pytest.mark.parametrize(
    ("coding", "body", "why"),
    [
        ("zstd", zstandard.compress(BODY)[:-9], "not zstd, or cut off"),
        ("gzip", b"\x00\x01 no gzip at all", "not gzip"),
        ("snappy", b"\x00\x01", "'snappy' is not known"),
        ("br", brotli.compress(bytes(2**27), quality=1), "decompressed body is larger than 64 MiB"),
    ],
)
async def test_what_cannot_be_unpacked_is_passed_on_and_said(
    upstream: Any,
    tmp_path: Path,
    coding: str,
    body: bytes,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}")

    upstream.serve = serve
    caplog.set_level(logging.ERROR, "ninelives.recorder")
    with pytest.raises(CassetteError, match=why):
        async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
            assert (await send(proxy, body, coding))[0] == 400
    assert why in caplog.text
    assert upstream.peers[0].body == body
