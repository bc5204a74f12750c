"""A strict server improvises nothing: what no rule answers is an error that says why."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import openai
import pytest
import websockets
from mock_openai import MockServer, Script, reply
from openai import AsyncOpenAI

ASK: dict[str, Any] = {"model": "gpt-4o", "input": "a joke"}
YAML = {"Content-Type": "application/yaml"}
RULES = [reply("Sunny.", user="weather"), reply("Hello.", developer="greet")]
WHY = "No rule for 'a joke'. Nearest of 2 was rule 1 (test_strict.py:"


def client(server: MockServer, **given: Any) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0, **given)


@pytest.mark.parametrize("stream", [False, True])
async def test_over_http_it_is_a_404_that_names_the_nearest_rule(stream: bool) -> None:
    async with MockServer(RULES, strict=True) as server, client(server) as asking:
        with pytest.raises(openai.NotFoundError) as refused:
            await asking.responses.create(**ASK, stream=stream)
        body: Any = refused.value.body
        assert body["code"] == "no_rule"
        assert body["type"] == "invalid_request_error"
        assert body["message"].startswith(WHY)
        assert "has no match for /weather/" in body["message"]
        assert server.misses[0].startswith(WHY)
        assert (await asking.responses.create(model="gpt-4o", input="weather")).output_text == "Sunny."


async def test_on_a_socket_it_is_an_error_event_and_the_socket_goes_on() -> None:
    async with MockServer(RULES, strict=True) as server, websockets.connect(server.ws_url) as socket:
        await socket.send(json.dumps({"type": "response.create", **ASK}))
        told = json.loads(await socket.recv())
        assert (told["type"], told["status"], told["error"]["code"]) == ("error", 404, "no_rule")
        assert told["error"]["message"].startswith(WHY)
        await socket.send(json.dumps({"type": "response.create", "model": "gpt-4o", "input": "weather"}))
        assert json.loads(await socket.recv())["type"] == "response.created"


async def test_on_a_lane_the_error_names_the_lane() -> None:
    async with MockServer(RULES, strict=True) as server, websockets.connect(server.ws_url) as socket:
        await socket.send(json.dumps({"type": "response.create", "stream_id": "a", **ASK}))
        told = json.loads(await socket.recv())
        assert (told["type"], told["stream_id"], told["error"]["code"]) == ("error", "a", "no_rule")


async def test_an_empty_strict_script_answers_nothing() -> None:
    async with MockServer(strict=True) as server, client(server) as asking:
        with pytest.raises(openai.NotFoundError, match="No rule for 'a joke': the script is empty"):
            await asking.responses.create(**ASK)


async def test_a_warm_up_and_an_invalid_request_are_what_they_always_are() -> None:
    async with MockServer(RULES, strict=True) as server:
        async with client(server) as asking:
            with pytest.raises(openai.BadRequestError):
                await asking.responses.create(model="gpt-4o", input="x", temperature=9)
        async with websockets.connect(server.ws_url) as socket:
            warm_up = {"type": "response.create", "generate": False, "model": "gpt-4o", "input": "joke"}
            await socket.send(json.dumps(warm_up))
            assert json.loads(await socket.recv())["type"] == "response.created"
        assert not server.misses


async def test_sessions_are_strict_as_the_server_began_or_as_they_are_told() -> None:
    async with MockServer(RULES, strict=True) as server:
        one, two = server.session("one"), server.session("two")
        two.script.strict = False
        heard = []
        server.script.on_miss = heard.append
        async with client(server, default_headers=dict(one.headers)) as asking:
            with pytest.raises(openai.NotFoundError):
                await asking.responses.create(**ASK)
        async with client(server, default_headers=dict(two.headers)) as asking:
            assert (await asking.responses.create(**ASK)).output_text
        assert (len(one.misses), len(two.misses), server.misses) == (1, 1, [])


async def test_a_script_that_is_put_may_say_that_it_is_strict() -> None:
    async with MockServer() as server, client(server) as asking, aiohttp.ClientSession() as http:
        address = server.base_url.removesuffix("/v1") + "/__mock__/script"
        assert (await asking.responses.create(**ASK)).output_text
        rules = "strict: true\nreplies:\n  - {name: sun, when: {user: weather}, reply: Sunny.}"
        assert (await http.put(address, data=rules, headers=YAML)).status == 200
        with pytest.raises(openai.NotFoundError):
            await asking.responses.create(**ASK)
        await asking.responses.create(model="gpt-4o", input="weather")
        told = await (await http.get(address)).json()
        assert told["strict"] is True
        assert told["rules"] == [
            {"name": "sun", "rule": "rule 1 'sun' (script:3): user: /weather/", "answered": 1}
        ]
        assert len(told["misses"]) == 1
        wrong = await http.put(address, data="strict: often\nreplies: []", headers=YAML)
        assert wrong.status == 400
        assert "expected strict as true or false" in (await wrong.json())["error"]
        assert server.script.strict


def test_strict_says_what_it_cannot_be_combined_with() -> None:
    with pytest.raises(ValueError, match=r"^strict: cannot be combined with an upstream"):
        MockServer(strict=True, upstream="http://127.0.0.1:1/v1")
    assert MockServer(Script(strict=True)).script.strict
    assert not MockServer(Script(strict=True), strict=False).script.strict


def test_a_script_that_is_read_again_is_as_strict_as_it_says_now() -> None:
    said, unsaid, lenient = Script(strict=True), Script(), Script(strict=False)
    server = MockServer(Script(strict=True))
    for script, strict in ((unsaid, False), (said, True), (lenient, False)):
        server.reload(script=script)
        assert server.script.strict is strict
    server = MockServer(strict=True)
    server.reload(script=lenient)
    assert server.script.strict
