"""Creating responses over HTTP: server-sent events and plain JSON, their exact form, their headers, their
errors.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
import zlib

import openai
import pytest
from mock_openai import MockServer, Text, reply
from mock_openai.protocol import json as api_json
from openai import AsyncOpenAI

ASK = {"model": "gpt-4o", "input": "hi"}


async def test_the_openai_sdk_streams_an_answer():
    async with (
        MockServer(script=[reply("Hello there!")]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any") as client,
    ):
        stream = await client.responses.create(**ASK, stream=True)
        events = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (
        "".join(event.delta for event in events if event.type == "response.output_text.delta")
        == "Hello there!"
    )
    assert events[-1].response.output_text == "Hello there!"


async def test_the_openai_sdk_gets_a_plain_answer_with_its_request_id():
    async with (
        MockServer(script=[reply("Hello there!")]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any") as client,
    ):
        answer = await client.responses.create(**ASK)
    assert answer.output_text == "Hello there!"
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer._request_id or "")
    assert server.journal.responses[0].text == "Hello there!"


async def test_a_stream_is_framed_as_the_real_one(http):
    async with (
        MockServer(script=[reply("Hi")]) as server,
        http.post(server.base_url + "/responses", json={**ASK, "stream": True}) as answer,
    ):
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Transfer-Encoding"] == "chunked"
        body = await answer.text()
    assert body.endswith("\n\n")
    assert "[DONE]" not in body
    for block in body.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        parsed = json.loads(data.removeprefix("data: "))
        assert name == f"event: {parsed['type']}"
        assert json.dumps(parsed, separators=(",", ":"), ensure_ascii=False) == data.removeprefix("data: ")


async def test_a_plain_answer_is_pretty_printed_and_carries_the_observed_headers(http):
    async with (
        MockServer(script=[reply("Hi")]) as server,
        http.post(server.base_url + "/responses", json=ASK) as answer,
    ):
        text = await answer.text()
        headers = answer.headers
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    assert json.loads(text)["billing"] == {"payer": "developer"}
    assert headers["Content-Type"] == "application/json"
    assert headers["openai-version"] == "2020-10-01"
    assert int(headers["openai-processing-ms"]) >= 1
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["x-ratelimit-limit-requests"] == "10000"
    assert {"openai-organization", "openai-project", "x-request-id", "date"} <= {
        name.lower() for name in headers
    }


async def test_paced_events_arrive_one_by_one(http):
    async with (
        MockServer(script=[reply(Text("x", deltas=3))], pace="fixed:0.01") as server,
        http.post(server.base_url + "/responses", json={**ASK, "stream": True}) as answer,
    ):
        reads = [chunk async for chunk in answer.content.iter_any()]
    assert len(reads) >= 8


async def test_an_http_1_0_client_gets_the_stream_without_chunks():
    async with MockServer(script=[reply("Hi")]) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        body = json.dumps({**ASK, "stream": True}).encode()
        writer.write(b"POST /v1/responses HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        answer = await reader.read()
        writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert rest.startswith(b"event: response.created\ndata: {")
    assert rest.endswith(b"\n\n")


async def test_a_client_that_leaves_in_mid_stream_is_noted_and_nobody_else_suffers(http):
    async with MockServer(script=[reply(Text("x", deltas=500))], pace="fixed:0.01") as server:
        answer = await http.post(server.base_url + "/responses", json={**ASK, "stream": True})
        await answer.content.readany()
        answer.close()
        await server.journal.wait(lambda journal: journal.entries[-1].kind == "close")
        assert server.journal.entries[-1].data["by"] == "client"
        assert server.journal.responses[0].status is None


async def test_a_client_may_wait_for_100_continue():
    async with MockServer(script=[reply("Hi")]) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        body = json.dumps(ASK).encode()
        head = b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body))
        assert (await reader.readline()).startswith(b"HTTP/1.1 100")
        await reader.readline()
        writer.write(body)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


# Errors


def envelope(message: str, *, param: str | None = None, code: str | None = None) -> str:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return json.dumps({"error": error}, indent=2)


NOT_JSON = envelope(
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
    "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If "
    "you have trouble figuring out how to fix this, please contact us through our help center at "
    "help.openai.com.)"
)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{", {}),
        (b"[]", {}),
        (b"null", {}),
        (b"\xff\xfe", {}),
        (b'{"model": NaN}', {}),
        (b'{"model": 1e999}', {}),
        (b'{"model": "\\ud800"}', {}),
        (b'{"a":' * 990 + b"1" + b"}" * 990, {}),
        (b"[" * 100_000, {}),
        (json.dumps(ASK).encode(), {"Content-Type": "application/json; charset=klingon"}),
        (json.dumps(ASK).encode(), {"Content-Encoding": "gzip"}),
        (gzip.compress(json.dumps(ASK).encode(), mtime=0)[:-9], {"Content-Encoding": "gzip"}),
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_what_is_no_json_gets_the_exact_400(http, body, headers):
    async with (
        MockServer() as server,
        http.post(server.base_url + "/responses", data=body, headers=headers) as answer,
    ):
        assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
        assert await answer.text() == NOT_JSON
        assert "x-ratelimit-limit-requests" not in answer.headers


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(json.dumps(ASK).encode(), mtime=0), {"Content-Encoding": "gzip"}),
        (zlib.compress(json.dumps(ASK).encode()), {"Content-Encoding": "deflate"}),
        (json.dumps(ASK).encode("utf-16"), {"Content-Type": "application/json; charset=utf-16"}),
        (json.dumps(ASK).encode(), {"Content-Type": "text/plain"}),
        (
            json.dumps({**ASK, "input": [{"role": "user", "content": "x"}] * 300}).encode(),
            {},
        ),
    ],
    ids=["gzip", "deflate", "utf-16", "no-type", "many-items"],
)
async def test_honest_bodies_in_odd_dress_are_read(http, body, headers):
    async with (
        MockServer() as server,
        http.post(server.base_url + "/responses", data=body, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def test_a_gzip_bomb_is_refused_in_the_api_s_form(http):
    bomb = gzip.compress(b" " * (80 * 1024 * 1024))
    async with (
        MockServer() as server,
        http.post(server.base_url + "/responses", data=bomb, headers={"Content-Encoding": "gzip"}) as answer,
    ):
        assert answer.status == 413
        assert (await answer.json())["error"]["type"] == "invalid_request_error"


async def test_a_request_of_more_values_than_are_read_is_refused_unread(http, monkeypatch):
    monkeypatch.setattr(api_json, "MOST_VALUES", 200)
    many = {**ASK, "metadata": {f"key {number}": "" for number in range(200)}}
    async with MockServer() as server:
        async with http.post(server.base_url + "/responses", json=many) as answer:
            assert answer.status == 413
            assert "more than 200 values" in (await answer.json())["error"]["message"]
        async with http.post(server.base_url + "/conversations", json=many) as answer:
            assert answer.status == 413
        async with http.ws_connect(server.ws_url) as socket:
            await socket.send_json({"type": "response.create", **many})
            assert (await socket.receive_json())["status"] == 413
            await socket.send_json({"type": "response.create", **ASK})
            assert (await socket.receive_json())["type"] == "response.created"


async def test_a_bad_field_gets_plain_json_even_when_a_stream_was_asked_for(http):
    async with MockServer() as server:
        ask = {**ASK, "stream": True, "temperature": -1}
        async with http.post(server.base_url + "/responses", json=ask) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
            assert await answer.text() == envelope(
                "Invalid 'temperature': decimal below minimum value. "
                "Expected a value >= 0, but got -1 instead.",
                param="temperature",
                code="decimal_below_min_value",
            )


async def test_an_unknown_parent_is_a_400(http):
    async with MockServer() as server:
        ask = {**ASK, "previous_response_id": "resp_gone"}
        async with http.post(server.base_url + "/responses", json=ask) as answer:
            assert answer.status == 400
            assert await answer.text() == envelope(
                "Previous response with id 'resp_gone' not found.",
                param="previous_response_id",
                code="previous_response_not_found",
            )


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/chat/completions"), ("GET", "/"), ("PUT", "/v1/nothing/at/all")]
)
async def test_an_unknown_address_is_named_in_the_404(http, method, path):
    async with MockServer() as server:
        url = server.base_url.removesuffix("/v1") + path
        async with http.request(method, url) as answer:
            assert answer.status == 404
            assert await answer.text() == envelope(f"Invalid URL ({method} {path})")


async def test_the_sdk_raises_what_it_raises_for_the_real_errors():
    async with (
        MockServer(script=[reply(error={"status": 503, "code": "server_is_overloaded"})]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        with pytest.raises(openai.InternalServerError) as raised:
            await client.responses.create(**ASK)
    assert raised.value.code == "server_is_overloaded"


# Who may ask


async def test_without_a_key_of_its_own_the_server_takes_everybody(http):
    async with MockServer() as server, http.post(server.base_url + "/responses", json=ASK) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("authorization", "message", "code"),
    [
        (None, "Missing bearer or basic authentication in header", None),
        ("Bearer", "Missing bearer or basic authentication in header", None),
        (
            "Bearer sk-wrongwrongwrong-1234",
            "Incorrect API key provided: sk-wrong***********1234. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            "invalid_api_key",
        ),
    ],
)
async def test_a_wrong_key_is_a_401_on_http_and_on_the_handshake(http, authorization, message, code):
    headers = {} if authorization is None else {"Authorization": authorization}
    async with MockServer(api_key="sk-right") as server:
        async with http.post(server.base_url + "/responses", json=ASK, headers=headers) as answer:
            assert (answer.status, await answer.text()) == (401, envelope(message, code=code))
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="OpenAI API"'
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        }
        async with http.get(server.base_url + "/responses", headers={**headers, **upgrade}) as answer:
            # Observed in 2026-08: a refused handshake is text/plain and names the status beside the error.
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
            assert answer.status == 401
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert await answer.text() == json.dumps({"error": error, "status": 401}, indent=2)


async def test_the_right_key_is_taken_as_bearer_and_as_basic(http):
    basic = base64.b64encode(b":sk-right").decode()
    async with MockServer(api_key="sk-right") as server:
        for authorization in ("Bearer sk-right", f"Basic {basic}"):
            async with http.post(
                server.base_url + "/responses", json=ASK, headers={"Authorization": authorization}
            ) as answer:
                assert answer.status == 200


async def test_the_other_observed_form_of_a_401_can_be_chosen(http):
    async with (
        MockServer(api_key="sk-right", unauthorized="text") as server,
        http.post(server.base_url + "/responses", json=ASK) as answer,
    ):
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert json.loads(await answer.text())["status"] == 401


async def test_keys_are_neither_logged_nor_kept(http, caplog):
    caplog.set_level("DEBUG")
    async with MockServer(api_key="sk-rightrightright") as server:
        url = server.base_url + "/responses?api_key=sk-inquery1234"
        for key in ("sk-rightrightright", "sk-wrongwrongwrong-1234", "short-one"):
            async with http.post(url, json=ASK, headers={"Authorization": f"Bearer {key}"}) as answer:
                await answer.read()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /v1/responses?key=sk-malformed1234 HTTP/9 nonsense\r\n\r\n")
        await reader.read()
        writer.close()
    kept = repr(server.journal.entries) + caplog.text
    # What the answer shows of a wrong key, all of a short one as the real API does, is not kept either.
    for secret in ("rightright", "sk-wrong", "short-one", "inquery1234", "malformed1234"):
        assert secret not in kept
