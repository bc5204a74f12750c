"""A create that was recorded with a query replays to a request with that query, over either transport."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
import websockets
from mock_openai import MockServer, reply
from ninelives.cassette import Cassette
from ninelives.cassette.builder import CassetteBuilder
from ninelives.player import Player
from openai import AsyncOpenAI

BODY: dict[str, Any] = {"model": "gpt-4o", "input": "hi"}
CONTENT = [{"type": "output_text", "text": "Hi."}]
ANSWER = {
    "id": "resp_1",
    "object": "response",
    "output": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi."}],
        }
    ],
}


def recorded(path: str, *, socket: bool = False) -> Cassette:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    event = json.dumps({"type": "response.completed", "response": ANSWER}).encode()
    if socket:
        writer.open(path, {}, 101)
        writer.send(json.dumps({"type": "response.create", **BODY}).encode())
        writer.recv(event)
        writer.close("client", 1000)
    else:
        writer.request("POST", path, {}, json.dumps(BODY).encode())
        writer.response(200, {"content-type": "application/json"})
        writer.body(json.dumps(ANSWER).encode())
        writer.end()
    return Cassette.parse(builder.bytes())


async def ask(server: MockServer, **given: Any) -> str:
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        return (await client.responses.create(**BODY, **given)).output_text


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/responses?beta=true", {"beta": "true"}),
        ("/v1/responses?b=2&a=1%20x", {"a": "1 x", "b": "2"}),
        ("/v1/responses?api-version=preview&beta=true", {"beta": "true"}),
        ("/v1/responses?api-key=sk-recorded0000000000000&beta=true", {"beta": "true", "api-key": "sk-mine"}),
        ("/v1/responses?empty=", {"empty": ""}),
    ],
)
async def test_over_http(path: str, query: dict[str, Any]) -> None:
    if path.endswith("empty=") and not AsyncOpenAI(api_key="any").qs.stringify(query):
        pytest.skip("this openai leaves an empty parameter out")
    async with MockServer(responders=[Player(recorded(path))]) as server:
        assert await ask(server, extra_query=query) == "Hi."


async def test_another_query_is_another_request() -> None:
    async with MockServer(responders=[Player(recorded("/v1/responses?beta=true"))]) as server:
        for other in ({}, {"beta": "false"}, {"beta": "true", "more": "1"}):
            with pytest.raises(openai.NotFoundError, match=r"the cassette holds POST responses.beta=true"):
                await ask(server, extra_query=other)
        assert await ask(server, extra_query={"beta": "true"}) == "Hi."


async def test_the_beta_client_replays() -> None:
    async with (
        MockServer(responders=[Player(recorded("/v1/responses?beta=true"))]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        if not hasattr(client.beta, "responses"):
            pytest.skip("this openai has no beta responses")
        assert (await client.beta.responses.create(**BODY)).id == "resp_1"


@pytest.mark.parametrize("socket", [False, True])
async def test_over_a_socket(socket: bool) -> None:
    path = "/v1/responses?beta=true"
    async with MockServer(responders=[Player(recorded(path, socket=True))]) as server:
        if not socket:
            async with AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
                events = await client.responses.create(**BODY, stream=True, extra_query={"beta": "true"})
                assert [event.type async for event in events] == ["response.completed"]
            return
        for query, kind in (("", "error"), ("?beta=true", "response.completed")):
            async with websockets.connect(server.ws_url + query) as opened:
                await opened.send(json.dumps({"type": "response.create", **BODY}))
                assert json.loads(await opened.recv())["type"] == kind


@pytest.mark.parametrize("socket", [False, True])
async def test_pass_through_passes_the_query_on(socket: bool) -> None:
    async with MockServer([reply("Hi.")]) as behind, MockServer(upstream=behind.base_url) as server:
        if socket:
            async with websockets.connect(server.ws_url + "?beta=true") as opened:
                await opened.send(json.dumps({"type": "response.create", **BODY}))
                assert json.loads(await opened.recv())["type"] == "response.created"
        else:
            assert await ask(server, extra_query={"beta": "true"}) == "Hi."
        opened_at = [e.data["path"] for e in behind.journal.entries if e.kind == "open"]  # type: ignore[index]
        assert opened_at == ["/v1/responses?beta=true"]
