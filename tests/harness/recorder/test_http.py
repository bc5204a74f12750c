"""The recorder over HTTP: everything passes at once, ends as it ended, and stands in the cassette as it
was.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import gzip
import json
import logging
import os
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from ninelives.cassette import Cassette, CassetteError, Redactor
from ninelives.recorder import Recorder
from yarl import URL

from tests.effort import HANG

EVENT = (
    b"event: response.output_text.delta\n"
    b'data: {"type":"response.output_text.delta","delta":"hi","sequence_number":%d}\n\n'
)
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
    b"X-Request-Id: req_1\r\nSet-Cookie: a=CANARYcookie123456789; Path=/\r\n"
    b"openai-organization: CANARY-acme-org\r\n\r\n"
)
KEY = "sk-CANARY0123456789abcd"


async def post(proxy: Recorder, body: bytes = b'{"stream":true}') -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{proxy.base_url}/responses", data=body, headers={"Authorization": f"Bearer {KEY}"}
        ) as answer,
    ):
        return answer.status, await answer.read()


async def test_a_stream_passes_event_by_event_and_is_recorded_with_its_reads(
    upstream: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    seen = asyncio.Event()

    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        await peer.chunk(EVENT % 0)
        await asyncio.wait_for(seen.wait(), HANG)  # the client has the first event before the second is sent
        await peer.chunk(EVENT % 1 + EVENT % 2)
        await asyncio.sleep(0.01)
        await peer.chunk((EVENT % 3)[:20])
        await asyncio.sleep(0.01)
        await peer.chunk((EVENT % 3)[20:])
        await peer.send(b"0\r\n\r\n")

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=path) as proxy, aiohttp.ClientSession() as session:
        assert proxy.base_url == f"http://127.0.0.1:{proxy.port}/v1"
        async with session.post(f"{proxy.base_url}/responses", json={"stream": True}) as answer:
            assert answer.headers["x-request-id"] == "req_1"
            assert answer.headers["set-cookie"].startswith("a=CANARYcookie")  # the client loses nothing
            assert await answer.content.readany() == EVENT % 0
            seen.set()
            rest = await answer.read()
    assert rest == EVENT % 1 + EVENT % 2 + EVENT % 3
    cassette = Cassette.load(path)
    assert cassette.header.upstream == upstream.url
    assert "not the real API" in cassette.header.origin
    (exchange,) = cassette.exchanges
    assert exchange.answer == b"".join(EVENT % number for number in range(4))
    assert exchange.reads is not None
    assert [len(data) for _, data in exchange.reads] == [
        len(EVENT % 0),
        2 * len(EVENT % 0),
        20,
        len(EVENT % 0) - 20,
    ]
    assert exchange.ending == "end"
    assert exchange.headers["x-request-id"] == "req_1"
    assert b"CANARY" not in path.read_bytes()


async def test_the_request_reaches_the_upstream_as_it_was_sent(upstream: Any, tmp_path: Path) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    upstream.serve = serve
    body = b'{ "spaced":1.0,  "\xc3\xa9":true}'
    async with Recorder(f"{upstream.url}/openai/v1", cassette=tmp_path / "a.jsonl") as proxy:
        assert proxy.base_url.endswith("/openai/v1")
        async with aiohttp.ClientSession() as session:
            url = f"{proxy.base_url}/responses?api-version=1&x=%2F"
            headers = {
                "Authorization": f"Bearer {KEY}",
                "X-Custom": "kept",
                "Accept-Encoding": "gzip, br",
                "Connection": "X-Hop",
                "X-Hop": "1",
            }
            async with session.post(URL(url, encoded=True), data=body, headers=headers) as answer:
                assert await answer.read() == b"{}"
    head = upstream.peers[0].head.decode().lower()
    assert head.startswith("post /openai/v1/responses?api-version=1&x=%2f http/1.1")
    assert upstream.peers[0].body == body
    assert f"authorization: bearer {KEY.lower()}" in head
    assert "x-custom: kept" in head
    assert "accept-encoding: identity" in head
    assert "x-hop" not in head
    assert f"host: 127.0.0.1:{upstream.port}" in head
    (exchange,) = Cassette.load(tmp_path / "a.jsonl").exchanges
    assert exchange.request == body
    assert exchange.path == "/openai/v1/responses?api-version=1&x=%2F"


async def test_a_compressed_answer_is_passed_on_and_recorded_plain(upstream: Any, tmp_path: Path) -> None:
    body = json.dumps({"key": KEY}, indent=2).encode()
    packed = gzip.compress(body)

    async def serve(peer: Any) -> None:
        await peer.request()
        head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
        head += b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        await peer.send(head % len(packed) + packed)

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        assert await post(proxy) == (401, body)
    (exchange,) = Cassette.load(tmp_path / "a.jsonl").exchanges
    assert exchange.status == 401
    assert exchange.answer is not None
    assert len(exchange.answer) == len(body)
    assert b"CANARY" not in (tmp_path / "a.jsonl").read_bytes()


@pytest.mark.parametrize(("how", "cause"), [("reset", ConnectionResetError), ("fin", None)])
async def test_a_stream_that_is_cut_is_cut_for_the_client_in_the_same_way(
    upstream: Any, tmp_path: Path, how: str, cause: type[BaseException] | None
) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        await peer.chunk(EVENT % 0 + (EVENT % 1)[:30])
        await asyncio.sleep(0.02)
        peer.reset() if how == "reset" else peer.fin()

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        received = b""
        broke: BaseException | None = None
        try:
            while data := await reader.read(1000):
                received += data
        except ConnectionError as error:
            broke = error
        writer.close()
    assert (EVENT % 1)[:30] in received
    assert not received.endswith(b"0\r\n\r\n")
    assert type(broke) is (cause or type(None))
    (exchange,) = Cassette.load(tmp_path / "a.jsonl").exchanges
    assert exchange.answer == EVENT % 0 + (EVENT % 1)[:30]
    assert exchange.ending == how


@pytest.mark.parametrize(
    ("how", "recorded"), [("reset", "reset"), ("fin", "fin"), ("garbage", "protocol"), ("refused", "refused")]
)
async def test_an_upstream_that_gives_no_answer(
    upstream: Any, tmp_path: Path, how: str, recorded: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        if how == "garbage":
            await peer.send(b"HTTP/9 banana\r\n\r\n")
            peer.fin()
        elif how == "reset":
            peer.reset()
        else:
            peer.fin()

    upstream.serve = serve
    if how == "refused":
        await upstream.stop()
        await asyncio.sleep(0)
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        with pytest.raises(aiohttp.ClientError):
            await post(proxy)
    cassette = Cassette.load(tmp_path / "a.jsonl")
    assert cassette.lines[-1].how == recorded  # type: ignore[union-attr]
    (exchange,) = cassette.exchanges
    assert exchange.status is None
    assert "CANARY" not in caplog.text


async def test_a_client_that_leaves_in_mid_stream(upstream: Any, tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        await peer.chunk(EVENT % 0)
        await peer.reader.read()  # until the proxy hangs up
        gone.set()

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        await reader.readuntil(b"\n\n")
        writer.close()
        await asyncio.wait_for(gone.wait(), HANG)
    (exchange,) = (cassette := Cassette.load(tmp_path / "a.jsonl")).exchanges
    assert exchange.answer == EVENT % 0
    assert not exchange.complete
    assert cassette.lines[-1].how == "gone"  # type: ignore[union-attr]
    assert cassette.lines[-1].by == "client"  # type: ignore[union-attr]


@pytest.mark.thorough
async def test_sixteen_mebibytes_each_way(upstream: Any, tmp_path: Path) -> None:
    big = b'{"v":"' + b"x" * 2**24 + b'"}'

    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(big)
        )
        await peer.send(big)

    upstream.serve = serve
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        assert (await post(proxy, big))[1] == big
    assert upstream.peers[0].body == big
    (exchange,) = Cassette.load(tmp_path / "a.jsonl").exchanges
    assert exchange.request == exchange.answer == big


async def test_an_exception_keeps_the_partial_and_the_old_cassette(upstream: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("the old one")

    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    upstream.serve = serve
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with Recorder(upstream.url, cassette=path) as proxy:
            assert await post(proxy) == (204, b"")
            raise ZeroDivisionError
    with pytest.raises(CassetteError, match="the old one"):
        Cassette.load(path)
    assert len(Cassette.load(path.with_name("a.jsonl.partial"))) == 1


async def test_a_recording_without_traffic_leaves_nothing(upstream: Any, tmp_path: Path) -> None:
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl"):
        pass
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_hook_that_fails_spoils_the_recording_but_not_the_traffic(
    upstream: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def hook(answer: dict[str, Any]) -> dict[str, Any]:
        raise ValueError(KEY)

    upstream.serve = serve
    with pytest.raises(CassetteError, match="ValueError while recording"):
        async with Recorder(
            upstream.url, cassette=tmp_path / "a.jsonl", redactor=Redactor(before_record_response=hook)
        ) as proxy:
            assert await post(proxy) == (200, b"ok")
    assert not (tmp_path / "a.jsonl").exists()
    assert "CANARY" not in caplog.text


async def test_a_full_disk_spoils_the_recording_and_not_the_traffic_and_is_told_once(
    upstream: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(peer: Any) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    upstream.serve = serve
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")
    proxy = Recorder(upstream.url, cassette=path)
    await proxy.start()
    with monkeypatch.context() as disk:
        disk.setattr("ninelives.cassette.writer.os.write", full)
        assert await post(proxy) == (200, b"ok")
    with pytest.raises(CassetteError, match=r"failed \(No space left on device\)"):
        await proxy.stop(commit=True)
    assert path.read_bytes() == b"old"
    assert caplog.text.count("will be discarded") == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost:8080/v1", "http://localhost:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("api.example.com", "https://api.example.com"),
    ],
)
def test_a_host_without_a_scheme_speaks_http_if_it_is_this_machine(typed: str, meant: str) -> None:
    assert Recorder(typed, cassette="a.jsonl").upstream == meant


async def test_no_log_carries_what_a_broken_client_sent(
    upstream: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Recorder(upstream.url, cassette=tmp_path / "a.jsonl") as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"GET /v1/responses?key=CANARY bad line\r\nAuthorization: CANARY\r\n\r\n")
        assert b"400" in await reader.readline()
        writer.close()
    assert "CANARY" not in caplog.text


def test_an_upstream_that_is_no_url_is_refused_without_telling_secrets() -> None:
    with pytest.raises(ValueError, match=r"expected for example https://api\.openai\.com"):
        Recorder("ftp://sk-CANARY0123456789abcd/", cassette="a.jsonl")
    assert (
        Recorder("wss://user:pass@api.openai.com/v1/responses", cassette="a.jsonl").upstream
        == "https://api.openai.com"
    )


async def test_the_official_client_through_the_recorder_against_the_mock(tmp_path: Path) -> None:
    from mock_openai.server import MockServer

    path = tmp_path / "a.jsonl"
    async with (
        MockServer() as server,
        Recorder(server.base_url, cassette=path) as proxy,
        openai.AsyncOpenAI(base_url=proxy.base_url, api_key=KEY, max_retries=0) as client,
    ):
        stream = await client.responses.create(model="gpt-4o", input="hello", stream=True)
        events = [event async for event in stream]
        plain = await client.responses.create(model="gpt-4o", input="hello")
        with pytest.raises(openai.BadRequestError):
            await client.responses.create(model="gpt-4o", input="hello", previous_response_id="resp_none")
    first, second, third = Cassette.load(path).exchanges
    assert [timed.event.type for timed in first.events] == [event.type for event in events]
    assert json.loads(second.answer or b"")["id"] == plain.id
    assert third.status == 400
    assert b"CANARY" not in path.read_bytes()


def test_an_hour_is_recorded_in_virtual_time(tmp_path: Path) -> None:
    from mock_openai.server import MockServer
    from ninelives.virtual import run

    path = tmp_path / "a.jsonl"

    async def talk() -> None:
        async with (
            MockServer(pace="fixed:600", keepalive=None) as server,
            Recorder(server.base_url, cassette=path) as proxy,
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
        ):
            body = {"model": "gpt-4o", "input": "hello", "stream": True}
            async with session.post(f"{proxy.base_url}/responses", json=body) as answer:
                await answer.read()

    run(talk())
    (exchange,) = Cassette.load(path).exchanges
    times = [timed.at for timed in exchange.events]
    assert len(times) > 6
    assert times == [pytest.approx(600 * place) for place in range(len(times))]


async def test_no_connection_is_left_half_accepted(tmp_path: Path, monkeypatch) -> None:
    """Whatever asyncio is doing with a new connection at the moment in which the recording ends."""
    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", left.append)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", ResourceWarning)
        for steps in range(6):
            recorder = Recorder("http://127.0.0.1:1", tmp_path / "talk.jsonl")
            await recorder.start()
            with socket.create_connection(("127.0.0.1", recorder.port)):
                for _ in range(steps):
                    await asyncio.sleep(0)
                await recorder.stop()
        gc.collect()
    assert left == []
    assert [str(each.message) for each in heard if "unclosed transport" in str(each.message)] == []


async def test_a_recorder_that_cannot_write_refuses_its_clients(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recorder = Recorder("http://127.0.0.1:1", tmp_path / "file" / "talk.jsonl")
    recorder.bind()
    port = recorder.port
    with pytest.raises(CassetteError):
        await recorder.start()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
