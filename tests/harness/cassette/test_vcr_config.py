"""vcrpy's filters, hooks and matchers work in our recorder and player as they do in vcrpy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mock_openai import MockServer
from ninelives.cassette import Cassette
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cassette.vcr_config import from_vcr_config, redactor
from ninelives.player import Player
from openai import AsyncOpenAI, NotFoundError


def builder(**config: Any) -> CassetteBuilder:
    made = CassetteBuilder(redactor=redactor(**config))
    for number, (said, status) in enumerate((("hello", 200), ("secret", 200), ("hello", 500))):
        writer = made.line_writer()
        body = json.dumps({"model": "gpt-4o", "input": said, "user": "eve"}).encode()
        headers = {"content-type": "application/json", "user-agent": "me/1.0"}
        writer.request("POST", f"/v1/responses?trace={number}&q=1", headers, body)
        writer.response(status, {"content-type": "application/json", "server": "cloud"})
        writer.body(b'{"id":"resp_%d","object":"response","output":[]}' % number)
        writer.end()
    return made


def test_filters_of_headers_query_and_body() -> None:
    data = builder(
        filter_headers=["user-agent"],
        filter_query_parameters=[("trace", "none")],
        filter_post_data_parameters=["user"],
    ).bytes()
    first = Cassette.parse(data).exchanges[0]
    assert first.path == "/v1/responses?q=1&trace=none"
    assert first.request_headers == {"content-type": "application/json"}
    assert first.body == {"model": "gpt-4o", "input": "hello"}


def test_hooks_see_what_vcrpy_gives_them_and_drop_both_halves() -> None:
    seen: list[tuple[str, str]] = []

    def before(request: Any) -> Any:
        seen.append((request.host, request.path))
        request.body = request.body.replace(b"eve", b"adam")
        return None if b"secret" in request.body else request

    def after(response: Any) -> Any:
        response["headers"].pop("server")
        assert response["headers"]["content-type"] == ["application/json"]
        return None if response["status"]["code"] >= 500 else response

    data = builder(before_record_request=before, before_record_response=after).bytes()
    (kept,) = Cassette.parse(data).exchanges
    assert seen == [("api.openai.com", "/v1/responses")] * 3
    assert kept.body["user"] == "adam"
    assert "server" not in kept.headers
    assert b"secret" not in data
    assert b"resp_2" not in data


def test_filters_reach_messages_on_a_socket() -> None:
    made = CassetteBuilder(redactor=redactor(filter_post_data_parameters=["user"]))
    socket = made.line_writer()
    socket.open("/v1/responses")
    socket.send(b'{"type":"response.create","input":"hi","user":"eve"}')
    socket.recv(b'{"type":"response.completed"}')
    socket.close("client", 1000)
    assert Cassette.parse(made.bytes()).exchanges[0].body == {"type": "response.create", "input": "hi"}


async def test_a_registered_matcher_decides_further() -> None:
    def same_user(one: Any, other: Any) -> None:
        assert json.loads(one.body).get("user") == json.loads(other.body).get("user")

    config = from_vcr_config(
        {
            "record_mode": "once",
            "match_on": ["method", "path", "user"],
            "matchers": {"user": same_user},
            "allow_playback_repeats": True,
            "decode_compressed_response": True,
        }
    )
    assert config["mode"] == "once"
    options = {name: config[name] for name in ("matchers", "repeat")}
    recorded = Cassette.parse(builder().bytes().replace(b"?trace=0&q=1", b""))
    async with (
        MockServer(responders=[Player(recorded, **options)]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client,
    ):
        for _ in range(2):
            answer = await client.responses.create(model="gpt-4o", input="hello", user="eve")
            assert answer.id == "resp_0"
        with pytest.raises(NotFoundError, match="a custom matcher rejects recording"):
            await client.responses.create(model="gpt-4o", input="hello", user="adam")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"ignore_hosts": ["x"]}, "'ignore_hosts' has no counterpart"),
        ({"match_on": ["body", "moon"]}, "names 'moon'"),
        ({"record_mode": "any"}, "record mode 'any'"),
    ],
)
def test_what_has_no_counterpart_is_said(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_vcr_config(config)
