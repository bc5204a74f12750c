"""One request asked in every way that there is: as a plain answer, as a stream, and on a socket."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from mock_openai import MockServer

Answer = dict[str, Any]
WAYS = ("plain", "sse", "websocket")
_ENDED = ("response.completed", "response.incomplete", "response.failed", "error")


async def ask(server: MockServer, way: str, **body: Any) -> list[dict[str, Any]]:
    """Give the events of one turn; of a plain answer, or a refusal, one event that holds it. A field that is
    given as `...` is left out.
    """
    body = {"model": "gpt-5.4", "input": "hi", **body}
    body = {name: value for name, value in body.items() if value is not ...}
    async with aiohttp.ClientSession() as http:
        if way == "websocket":
            events: list[dict[str, Any]] = []
            async with http.ws_connect(server.ws_url) as socket:
                await socket.send_json({"type": "response.create", **body})
                while not events or events[-1]["type"] not in _ENDED:
                    events.append(await socket.receive_json())
            return events
        stream = way == "sse"
        async with http.post(f"{server.base_url}/responses", json={**body, "stream": stream}) as answer:
            if not answer.ok:
                return [{"type": "error", "status": answer.status, **await answer.json()}]
            if not stream:
                return [{"type": "response.completed", "response": await answer.json()}]
            lines = (await answer.text()).splitlines()
            return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


async def response(server: MockServer, way: str, **body: Any) -> Answer:
    """Give the response object of one turn, the last that was told."""
    last = (await ask(server, way, **body))[-1]
    assert last["type"] == "response.completed", last
    found: Answer = last["response"]
    return found


async def refusal(server: MockServer, way: str, **body: Any) -> tuple[int, Answer]:
    """Give the status and the error object of a refusal."""
    last = (await ask(server, way, **body))[-1]
    assert last["type"] == "error", last
    return last["status"], last["error"]
