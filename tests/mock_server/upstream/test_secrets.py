"""Pass-through: what an upstream answers brings a client's credentials to nobody else, and into no log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import openai
import pytest
from aiohttp import web
from mock_openai import MockServer
from mock_openai.upstream.address import Address

KEY = "Zq8rW3xK7mP2vL9t4yB6"
ANSWERS: dict[str, web.Response] = {
    "a redirect": web.Response(status=307, headers={"Location": f"/v1/x?api_key={KEY}"}),
    "a refusal": web.Response(status=401, text=f"Invalid key {KEY}"),
    "a refusal in JSON": web.json_response({"error": {"message": f"no {KEY}", "code": KEY}}, status=403),
    "garbage": web.Response(body=b"\xff" + KEY.encode(), content_type="application/json"),
    "a broken stream": web.Response(text=f"data: {{{KEY}\n\n", content_type="text/event-stream"),
}


@asynccontextmanager
async def served(handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """The address of a server."""
    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def other(answer: Any) -> AsyncIterator[tuple[str, list[web.BaseRequest]]]:
    """A server that answers everything alike, and what it was asked."""
    asked: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request)
        made = answer() if callable(answer) else answer
        return web.Response(status=made.status, headers=made.headers, body=made.body)

    async with served(handle) as address:
        yield address, asked


@pytest.mark.parametrize("transport", ["http", "websocket"])
async def test_a_redirect_takes_no_credentials_to_another_server(transport: str) -> None:
    async with other(web.Response(text="{}")) as (elsewhere, asked):
        moved = web.Response(status=307, headers={"Location": f"{elsewhere}/responses"})
        async with (
            other(moved) as (upstream, _),
            MockServer(upstream=upstream) as server,
            aiohttp.ClientSession(headers={"api-key": KEY, "Cookie": f"a={KEY}"}) as http,
        ):
            if transport == "http":
                url = f"{server.base_url}/responses"
                body = {"model": "m", "input": "hi"}
                async with http.post(url, json=body, allow_redirects=False) as answer:
                    assert answer.status == 307
                    assert answer.headers["location"] == f"{elsewhere}/responses"
            else:
                async with http.ws_connect(server.ws_url) as socket:
                    await socket.send_json({"type": "response.create", "model": "m", "input": "hi"})
                    told = await socket.receive_json()
                    assert told["status"] == 307
    assert not asked


@pytest.mark.parametrize("location", ["http://HOST/v1/responses/", "/v1/responses/"])
@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_within_the_upstream_server_is_followed_with_the_key(
    status: int, location: str
) -> None:
    asked: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request)
        if request.path.endswith("/"):
            return web.json_response({"id": "resp_1", "object": "response", "status": "completed"})
        return web.Response(status=status, headers={"location": location.replace("HOST", request.host)})

    async with (
        served(handle) as upstream,
        MockServer(upstream=upstream) as server,
        openai.AsyncOpenAI(base_url=server.base_url, api_key=KEY, max_retries=0) as client,
    ):
        assert (await client.responses.create(model="m", input="hi")).id == "resp_1"
    assert [(each.path, each.headers.get("Authorization")) for each in asked] == [
        ("/v1/responses", f"Bearer {KEY}"),
        ("/v1/responses/", f"Bearer {KEY}"),
    ]


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://up:1/base/v1/x?y", "/v1/x?y"),
        ("/base/v1/x", "/v1/x"),
        ("/elsewhere", "/elsewhere"),
        ("x", "x"),
        *(
            (each, each)
            for each in ("//evil/base/v1", "http://up:1//evil", "http://up:10/x", "http://up:1.evil/x")
        ),
        *((each, each) for each in ("http://up:1@evil/x", "https://up:1/x", "")),
    ],
)
def test_only_a_place_of_the_upstream_server_becomes_one_of_this_server(location: str, shown: str) -> None:
    assert Address.parse("http://up:1/base/v1").from_here(location) == shown


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("transport", ["http", "websocket"])
async def test_no_answer_of_an_upstream_brings_a_key_into_the_journal_or_a_log(
    answer: str, transport: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        other(ANSWERS[answer]) as (upstream, asked),
        MockServer(upstream=upstream) as server,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http,
    ):
        if transport == "http":
            body = {"model": "m", "input": "hi", "stream": True}
            async with http.post(f"{server.base_url}/responses", json=body, allow_redirects=False) as said:
                await said.read()
        else:
            async with http.ws_connect(server.ws_url) as socket:
                await socket.send_json({"type": "response.create", "model": "m", "input": "hi"})
                await socket.receive()
        assert asked
        async with http.get(f"http://127.0.0.1:{server.port}/__mock__/journal") as said:
            told = await said.text()
        told += str(list(server.journal.entries)) + caplog.text + "".join(capsys.readouterr())
    assert KEY not in told
