"""Pass-through: what an upstream answers brings a client's credentials to nobody else, and into no log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from mock_openai import MockServer

KEY = "Zq8rW3xK7mP2vL9t4yB6"
ANSWERS: dict[str, web.Response] = {
    "a redirect": web.Response(status=307, headers={"Location": f"/v1/x?api_key={KEY}"}),
    "a refusal": web.Response(status=401, text=f"Invalid key {KEY}"),
    "a refusal in JSON": web.json_response({"error": {"message": f"no {KEY}", "code": KEY}}, status=403),
    "garbage": web.Response(body=b"\xff" + KEY.encode(), content_type="application/json"),
    "a broken stream": web.Response(text=f"data: {{{KEY}\n\n", content_type="text/event-stream"),
}


@asynccontextmanager
async def other(answer: Any) -> AsyncIterator[tuple[str, list[web.BaseRequest]]]:
    """A server that answers everything alike, and what it was asked."""
    asked: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request)
        made = answer() if callable(answer) else answer
        return web.Response(status=made.status, headers=made.headers, body=made.body)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", asked
    finally:
        await runner.cleanup()


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
