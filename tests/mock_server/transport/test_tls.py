"""TLS: unmodified clients over https and wss, and everything that can go wrong within it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import ssl
import subprocess
import sys

import aiohttp
import httpx2
import openai
import pytest
import websockets
from mock_openai import MockServer, faults, reply
from openai import AsyncOpenAI

from tests.effort import HANG

pytest.importorskip("trustme", reason="trustme is not installed here")

SCRIPT = [reply("Hello there, and good evening to all.", user="(?i)hello")]
ASK = {"model": "gpt-4o", "input": "Hello."}


@pytest.fixture
async def server():
    async with MockServer(SCRIPT, tls=True) as server:
        yield server


def trusting(server: MockServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file)


async def listen_to_sse(server: MockServer, monkeypatch: pytest.MonkeyPatch, heard: list[str]) -> None:
    async with client_of(server, monkeypatch) as client:
        async for event in await client.responses.create(**ASK, stream=True):
            heard.append(event.type)


async def listen_to_socket(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, heard: list[str], *, patience: float | None = None
) -> None:
    async with websockets.connect(server.ws_url, ssl=trusting(server), close_timeout=0.1) as socket:
        await socket.send('{"type":"response.create","model":"gpt-4o","input":"Hello."}')
        while True:
            heard.append(str(await asyncio.wait_for(socket.recv(), patience)))


def client_of(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> AsyncOpenAI:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
    return AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0)


async def test_openai_speaks_https_when_its_environment_trusts_the_authority(server, monkeypatch):
    assert server.base_url.startswith("https://127.0.0.1:")
    async with client_of(server, monkeypatch) as client:
        said = await client.responses.create(**ASK)
        assert said.output_text.startswith("Hello there")
        stream = await client.responses.create(**ASK, stream=True)
        assert [event async for event in stream][-1].type == "response.completed"
    monkeypatch.delenv("SSL_CERT_FILE")
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as strict:
        with pytest.raises(openai.APIConnectionError):
            await strict.responses.create(**ASK)


async def test_websockets_speak_wss(server):
    async with websockets.connect(server.ws_url, ssl=trusting(server)) as socket:
        for _ in range(2):
            await socket.send('{"type":"response.create","model":"gpt-4o","input":"Hello."}')
            async for message in socket:
                if "response.completed" in message:
                    break
    assert len(server.journal.requests) == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
async def test_curl_trusts_the_file(server):
    command = ["curl", "-sS", "--cacert", server.ca_file, f"{server.base_url}/models"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
    assert '"object": "list"' in done.stdout


async def test_many_at_once_with_bodies_right_behind_the_handshake(server):
    context = trusting(server)
    body = {**ASK, "input": "Hello. " + "x" * 100_000}

    async def one() -> int:
        connector = aiohttp.TCPConnector(ssl=context)
        async with (
            aiohttp.ClientSession(connector=connector) as http,
            http.post(f"{server.base_url}/responses", json=body) as answer,
        ):
            return answer.status

    assert await asyncio.gather(*(one() for _ in range(20))) == [200] * 20


@pytest.mark.parametrize("fault", ["reset", "fin"])
@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_a_connection_breaks_after_what_was_sent(server, monkeypatch, fault, transport):
    server.faults.add(getattr(faults.at(event="response.output_text.delta", nth=2), fault)())
    heard: list[str] = []
    with pytest.raises((openai.APIError, httpx2.HTTPError, websockets.ConnectionClosedError)):
        await (listen_to_sse if transport == "sse" else listen_to_socket)(server, monkeypatch, heard)
    assert sum("output_text.delta" in one for one in heard) == 1


async def test_a_half_open_connection_says_nothing_more(server, monkeypatch):
    server.faults.add(faults.at(event="response.output_text.delta", nth=2).half_open())
    heard: list[str] = []
    with pytest.raises(TimeoutError):
        await listen_to_socket(server, monkeypatch, heard, patience=0.6)
    assert sum("output_text.delta" in one for one in heard) == 1


async def test_a_reset_is_one_of_tcp_and_a_fin_an_orderly_end(server):
    for fault, end in (("reset", ConnectionResetError), ("fin", None)):
        server.faults.add(getattr(faults.at(event="response.output_text.delta", nth=2), fault)())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(server))
        body = b'{"model":"gpt-4o","input":"Hello.","stream":true}'
        writer.write(
            b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        with contextlib.nullcontext() if end is None else pytest.raises(end):
            await reader.read()
        writer.transport.abort()


async def test_a_handshake_fails_as_planned_and_the_next_does_not(server):
    server.faults.add(faults.at(connection=1).tls_failure(alert="protocol_version"))
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        await websockets.connect(server.ws_url, ssl=trusting(server))
    async with websockets.connect(server.ws_url, ssl=trusting(server)):
        pass


async def test_who_speaks_plain_http_or_distrusts_harms_nobody(server):
    port = server.port
    async with aiohttp.ClientSession() as plain:
        with pytest.raises(aiohttp.ClientError):
            await plain.get(f"http://127.0.0.1:{port}/v1/models")
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context())
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16\x03\x01")
    writer.close()
    connector = aiohttp.TCPConnector(ssl=trusting(server))
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        http.get(f"{server.base_url}/models") as answer,
    ):
        assert answer.status == 200


async def test_the_control_api_is_there_too_and_the_file_goes_with_the_server():
    server = MockServer(tls=True)
    async with server:
        file = str(server.ca_file)
        assert ssl.create_default_context(cafile=file).cert_store_stats()["x509_ca"] >= 1
        connector = aiohttp.TCPConnector(ssl=trusting(server))
        root = server.base_url.removesuffix("/v1")
        async with aiohttp.ClientSession(connector=connector) as http:
            for headers in ({}, {"Origin": root}):
                async with http.get(f"{root}/__mock__/journal", headers=headers) as answer:
                    assert answer.status == 200
    del server
    gc.collect()
    assert not os.path.exists(file)  # noqa: ASYNC240 - a moment
    assert MockServer().ca_file is None


def test_without_trustme_it_is_one_line(tmp_path):
    (tmp_path / "trustme.py").write_text("raise ImportError('no trustme here')")
    command = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, sys.argv.pop(1))\nimport mock_openai.cli as c; c.main()",
    ]
    done = subprocess.run(
        [*command, str(tmp_path), "serve", "--port", "0", "--tls"],
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == "mock-openai: --tls: certificates need the package trustme: pip install 'ninelives[tls]'\n"
    )
