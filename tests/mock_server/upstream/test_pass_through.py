"""Pass-through: a mock in front of another server, which here is a mock too."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import openai
import pytest
import websockets
from mock_openai import ApiError, MockServer, faults, reply
from ninelives.virtual import run
from openai import AsyncOpenAI

KEY = "sk-the-clients-own-key-0123456789"
RULE = reply("From the rule.", user="rule")
BEYOND = reply("From the upstream.", user="beyond|more")


@asynccontextmanager
async def both(
    here: dict[str, Any] | None = None, there: dict[str, Any] | None = None
) -> AsyncIterator[tuple[MockServer, MockServer, AsyncOpenAI]]:
    """The mock, the server behind it, and a client of the mock."""
    there = {"script": [BEYOND], "api_key": KEY, "seed": 7, **(there or {})}
    async with MockServer(**there) as upstream:
        here = {"script": [RULE], "upstream": upstream.base_url, **(here or {})}
        async with (
            MockServer(**here) as mock,
            AsyncOpenAI(base_url=mock.base_url, api_key=KEY, max_retries=0, timeout=10) as client,
        ):
            yield mock, upstream, client


class Socket:
    def __init__(self, raw: Any) -> None:
        self.raw = raw

    async def turn(self, text: str = "beyond", **fields: Any) -> list[dict[str, Any]]:
        asked = {"type": "response.create", "model": "gpt-4o", "input": text, **fields}
        await self.raw.send(json.dumps(asked))
        return await self.rest(fields.get("stream_id"))

    async def rest(self, lane: str | None = None) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        while True:
            frame = json.loads(await self.raw.recv())
            if frame.get("stream_id") == lane:
                told.append(frame)
                if "status" in frame or frame["type"].removeprefix("response.") in ("completed", "failed"):
                    return told


@asynccontextmanager
async def open_socket(server: MockServer, key: str = KEY) -> AsyncIterator[Socket]:
    async with websockets.connect(
        server.ws_url, additional_headers={"Authorization": f"Bearer {key}"}, max_size=None
    ) as raw:
        yield Socket(raw)


def text_of(told: list[dict[str, Any]]) -> str:
    return "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta")


# What is answered where


async def test_a_rule_answers_here_and_everything_else_there_as_json_and_as_a_stream() -> None:
    async with both() as (mock, upstream, client):
        assert (await client.responses.create(model="gpt-4o", input="rule")).output_text == "From the rule."
        assert not upstream.journal.requests
        there = await client.responses.create(model="gpt-4o", input="beyond")
        assert there.output_text == "From the upstream."
        said = ""
        async for event in await client.responses.create(model="gpt-4o", input="beyond", stream=True):
            if event.type == "response.output_text.delta":
                said += event.delta
        assert said == "From the upstream."
        assert [asked["input"] for asked in upstream.journal.requests] == ["beyond", "beyond"]
        # What left is in this server's own journal as well, whoever said it.
        assert [one.words for one in mock.journal.responses] == ["From the rule.", *[said] * 2]


async def test_a_stream_arrives_byte_for_byte_and_with_the_upstreams_headers() -> None:
    async with both() as (mock, upstream, _), aiohttp.ClientSession() as http:
        asked = {"model": "gpt-4o", "input": "beyond", "stream": True}
        headers = {"Authorization": f"Bearer {KEY}"}
        async with http.post(f"{mock.base_url}/responses", json=asked, headers=headers) as answer:
            passed = await answer.read()
            assert answer.headers["x-ratelimit-limit-requests"] == "10000"
        [told] = upstream.journal.responses
        sent = upstream.journal.events()
        assert passed == b"".join(
            b"event: %b\ndata: %b\n\n" % (event.type.encode(), event.data) for event in sent
        )
        assert mock.journal.responses[0].id == told.id


async def test_a_socket_has_a_socket_of_its_own_behind_it_that_goes_with_it() -> None:
    async with both() as (mock, upstream, _):
        async with open_socket(mock) as socket:
            first = await socket.turn(store=False)
            assert text_of(first) == "From the upstream."
            # What is not stored lives in the connection, also there.
            second = await socket.turn("more", store=False, previous_response_id=first[-1]["response"]["id"])
            assert text_of(second) == "From the upstream."
            assert text_of(await socket.turn("rule")) == "From the rule."
            assert upstream.journal.connections == 1
        await upstream.journal.wait(lambda journal: journal.entries[-1].kind == "close")
        async with open_socket(mock) as socket:
            [refused] = await socket.turn(
                "more", store=False, previous_response_id=first[-1]["response"]["id"]
            )
            assert refused["error"]["code"] == "previous_response_not_found"


async def test_lanes_run_side_by_side() -> None:
    async with both(there={"pace": "fixed:0.01"}) as (mock, upstream, _), open_socket(mock) as socket:
        for lane in ("a", "b", "a"):
            asked = {"type": "response.create", "model": "gpt-4o", "input": "beyond", "stream_id": lane}
            await socket.raw.send(json.dumps(asked))
        told: list[dict[str, Any]] = []
        while sum(frame["type"] == "response.completed" for frame in told) < 3:
            told.append(json.loads(await socket.raw.recv()))
        assert text_of([frame for frame in told if frame["stream_id"] == "a"]) == "From the upstream." * 2
        assert text_of([frame for frame in told if frame["stream_id"] == "b"]) == "From the upstream."
        assert upstream.journal.connections == 1


async def test_what_is_invalid_is_for_the_upstream_to_say() -> None:
    async with both(there={"any_model": True}) as (mock, upstream, client):
        answer = await client.responses.create(model="a-model-of-tomorrow", input="beyond")
        assert answer.output_text == "From the upstream."
        with pytest.raises(openai.BadRequestError) as caught:
            await client.responses.create(model="gpt-4o", input="beyond", temperature=9)
        assert caught.value.code == "decimal_above_max_value"
        assert len(upstream.journal.requests) == 2
        async with open_socket(mock) as socket:
            [told] = await socket.turn(temperature=9)
            assert (told["status"], told["error"]["code"]) == (400, "decimal_above_max_value")


async def test_every_other_endpoint_is_the_upstreams_but_for_what_was_answered_here() -> None:
    async with both() as (_mock, upstream, client):
        here = await client.responses.create(model="gpt-4o", input="rule")
        there = await client.responses.create(model="gpt-4o", input="beyond")
        assert (await client.responses.retrieve(here.id)).output_text == "From the rule."
        assert (await client.responses.retrieve(there.id)).output_text == "From the upstream."
        again = [event async for event in await client.responses.retrieve(there.id, stream=True)]
        assert again[-1].type == "response.completed"
        paths = [e.data["path"] for e in upstream.journal.entries if e.kind == "request"]  # type: ignore[index]
        assert not any(here.id in path for path in paths)
        assert sum(there.id in path for path in paths) == 2
        await client.responses.delete(there.id)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(there.id)
        talk = await client.conversations.create()
        await client.responses.create(model="gpt-4o", input="beyond", conversation=talk.id)
        items = await client.conversations.items.list(talk.id)
        assert len(items.data) == 2
        assert (await client.models.list()).data
        assert upstream.journal.requests[-1]["conversation"] == talk.id


async def test_a_background_response_is_followed_there() -> None:
    async with both(there={"pace": "fixed:0.005"}) as (_, _upstream, client):
        begun = await client.responses.create(model="gpt-4o", input="beyond", background=True)
        assert begun.status == "queued"
        seen = [event async for event in await client.responses.retrieve(begun.id, stream=True)]
        assert (seen[0].type, seen[-1].type) == ("response.created", "response.completed")
        assert (await client.responses.retrieve(begun.id)).output_text == "From the upstream."


# Chains over both


async def test_a_chain_may_go_back_and_forth() -> None:
    async with both() as (_mock, upstream, client):
        ask = client.responses.create
        here = await ask(model="gpt-4o", input="rule one", instructions="Be brief.")
        there = await ask(model="gpt-4o", input="beyond", previous_response_id=here.id)
        told = upstream.journal.requests[-1]
        assert "previous_response_id" not in told
        assert [item["role"] for item in told["input"]] == ["user", "assistant", "user"]
        assert told["input"][0]["content"] == "rule one"
        assert told["input"][1]["content"][0]["text"] == "From the rule."
        assert all("id" not in item for item in told["input"])
        more = await ask(model="gpt-4o", input="more", previous_response_id=there.id)
        assert upstream.journal.requests[-1]["previous_response_id"] == there.id
        rule = await ask(model="gpt-4o", input="rule two", previous_response_id=more.id)
        assert rule.output_text == "From the rule."
        await ask(model="gpt-4o", input="beyond", previous_response_id=rule.id)
        assert len(upstream.journal.requests[-1]["input"]) == 9
        with pytest.raises(openai.BadRequestError, match="'resp_nobody' not found"):
            await ask(model="gpt-4o", input="beyond", previous_response_id="resp_nobody")
        assert upstream.journal.requests[-1]["previous_response_id"] == "resp_nobody"


async def test_a_call_there_may_be_answered_by_a_rule_here() -> None:
    call = {"when": {"user": "beyond"}, "reply": [{"call": "get_weather", "arguments": {"city": "Paris"}}]}
    rule = reply("21 degrees.", tool_output="get_weather")
    async with both(here={"script": [rule]}, there={"script": [call]}) as (_, _, client):
        first = await client.responses.create(model="gpt-4o", input="beyond")
        [called] = first.output
        output = {"type": "function_call_output", "call_id": called.call_id, "output": "21"}  # type: ignore[union-attr]
        last = await client.responses.create(
            model="gpt-4o",
            input=[output],  # type: ignore[list-item]
            previous_response_id=first.id,
        )
        assert last.output_text == "21 degrees."


# Faults and pace still apply


@pytest.mark.parametrize("how", ["stream", "socket"])
async def test_a_fault_strikes_within_an_answer_that_is_passed_on(how: str) -> None:
    planned = [faults.at(turn=1, event="response.output_text.delta", nth=2).reset()]
    async with both(here={"faults": planned}) as (mock, _upstream, client):
        if how == "socket":
            async with open_socket(mock) as socket:
                with pytest.raises(websockets.ConnectionClosedError):
                    await socket.turn()
        else:
            stream = await client.responses.create(model="gpt-4o", input="beyond", stream=True)
            with pytest.raises(openai.APIConnectionError):
                async for _ in stream:
                    pass
        [said] = mock.journal.responses
        assert said.status is None
        assert said.text == "From"
        # The upstream itself is well, and asked anew.
        assert (await client.responses.create(model="gpt-4o", input="more")).output_text


def test_an_answer_leaves_no_faster_than_this_servers_pace_and_no_faster_than_it_comes() -> None:
    async def took(here: str, there: str) -> float:
        async with both(here={"pace": here}, there={"pace": there}) as (_, _, client):
            loop = asyncio.get_running_loop()
            began = loop.time()
            async for _ in await client.responses.create(model="gpt-4o", input="beyond", stream=True):
                pass
            return loop.time() - began

    events = 12
    assert run(took("instant", "instant")) < 0.5
    assert run(took("fixed:1", "instant")) == pytest.approx(events - 1, abs=1.5)
    assert run(took("instant", "fixed:1")) == pytest.approx(events - 1, abs=1.5)


SILENT = faults.at(turn=1, event="response.output_text.delta", nth=2).stall(60)


@pytest.mark.parametrize(
    ("here", "there"),
    [({}, {"pace": "fixed:30"}), ({"pace": "fixed:30"}, {}), ({}, {"faults": [SILENT]})],
    ids=["it comes slowly", "it leaves slowly", "nothing comes"],
)
def test_a_cancelled_turn_ends_here_at_once_and_leaves_the_lane_usable(
    here: dict[str, Any], there: dict[str, Any]
) -> None:
    async def story() -> float:
        async with both(here, there) as (mock, _, _), open_socket(mock) as socket:
            await socket.raw.send(
                json.dumps({"type": "response.create", "model": "gpt-4o", "input": "beyond"})
            )
            while json.loads(await socket.raw.recv())["type"] != "response.output_text.delta":
                pass
            began = asyncio.get_running_loop().time()
            await socket.raw.send(json.dumps({"type": "response.cancel"}))
            last = json.loads(await socket.raw.recv())
            assert last["type"] == "response.incomplete"
            took = asyncio.get_running_loop().time() - began
            assert last["response"]["status"] == "cancelled"
            again = await socket.turn("more")
            assert text_of(again) == "From the upstream."
            assert again[0]["response"]["id"] != last["response"]["id"]
            return took

    assert run(story()) < 1


# An upstream that is down, refuses, or cuts


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_upstream_that_is_down_is_a_502(streamed: bool) -> None:
    gone = f"http://127.0.0.1:{closed_port()}/v1"
    async with both(here={"upstream": gone}) as (mock, _, client):
        with pytest.raises(openai.InternalServerError) as caught:
            await client.responses.create(model="gpt-4o", input="beyond", stream=streamed)
        assert (caught.value.status_code, caught.value.code) == (502, "upstream_unreachable")
        assert gone in caught.value.message
        with pytest.raises(openai.InternalServerError):
            await client.models.list()
        async with open_socket(mock) as socket:
            [told] = await socket.turn()
            assert (told["status"], told["error"]["code"]) == (502, "upstream_unreachable")
            assert text_of(await socket.turn("rule")) == "From the rule."


async def test_an_upstream_that_refuses_is_heard_as_it_speaks() -> None:
    async with both(there={"api_key": "sk-another"}) as (mock, _, client):
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.responses.create(model="gpt-4o", input="beyond")
        assert caught.value.code == "invalid_api_key"
        async with open_socket(mock) as socket:
            [told] = await socket.turn()
            assert told["status"] == 401
    error = ApiError("Slow down.", status=429, code="rate_limit_exceeded", headers={"retry-after": "3"})
    async with both(there={"script": [reply(error=error)]}) as (_, _, client):
        with pytest.raises(openai.RateLimitError) as limited:
            await client.responses.create(model="gpt-4o", input="beyond", stream=True)
        assert limited.value.response.headers["retry-after"] == "3"


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[str]:
    """A server that gives these answers to the requests on its one connection, whatever they are."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(left.pop(0))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}/v1"


async def test_a_socket_that_is_refused_there_tells_its_error_and_its_headers_here() -> None:
    body = json.dumps({"error": {"message": "Too many sockets.", "type": "requests", "code": "busy"}})
    head = f"HTTP/1.1 429 No\r\nRetry-After: 3\r\nSet-Cookie: a=b\r\nContent-Length: {len(body)}\r\n\r\n"
    async with (
        answering((head + body).encode()) as address,
        MockServer(upstream=address) as mock,
        open_socket(mock) as socket,
    ):
        [told] = await socket.turn()
        assert (told["type"], told["status"]) == ("error", 429)
        assert told["error"] == {
            "type": "requests",
            "code": "busy",
            "headers": {"retry-after": "3"},
            "message": "Too many sockets.",
            "param": None,
        }
    page = f"<h1>Blocked</h1>\n{KEY}".encode()
    async with (
        answering(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page)) as address,
        MockServer(upstream=address) as mock,
        open_socket(mock) as socket,
    ):
        [told] = await socket.turn()
        assert told["status"] == 403
        assert told["error"]["message"].endswith("with status 403: <h1>Blocked</h1> [redacted]")
        assert KEY not in repr(mock.journal.entries)


async def test_requests_share_a_connection() -> None:
    async with both() as (_, upstream, client):
        for _ in range(3):
            await client.responses.create(model="gpt-4o", input="beyond")
            assert [
                event
                async for event in await client.responses.create(model="gpt-4o", input="more", stream=True)
            ]
        await client.models.list()
        assert upstream.journal.connections == 1
        # One that is left in the middle of an answer is of no more use.
        stream = await client.responses.create(model="gpt-4o", input="beyond", stream=True)
        await stream.close()
        await client.responses.create(model="gpt-4o", input="beyond")
        assert upstream.journal.connections <= 2


async def test_a_cookie_that_came_there_is_not_told_there_again() -> None:
    told = b"HTTP/1.1 200 OK\r\nSet-Cookie: whose=first\r\nContent-Length: 2\r\n\r\nok"
    seen: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(told)
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server, aiohttp.ClientSession() as http:
        address = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        async with MockServer(upstream=address) as mock:
            for _ in range(2):
                async with http.get(f"{mock.base_url}/files") as answer:
                    assert await answer.text() == "ok"
    assert len(seen) == 2
    assert not any(b"whose" in one for one in seen)


@pytest.mark.parametrize("kind", ["reset", "fin", "truncate"])
async def test_a_stream_that_breaks_there_breaks_here(kind: str) -> None:
    planned = [getattr(faults.at(turn=1, event="response.output_text.delta", nth=2), kind)()]
    async with both(there={"faults": planned}) as (mock, _, _), aiohttp.ClientSession() as http:
        asked = {"model": "gpt-4o", "input": "beyond", "stream": True}
        headers = {"Authorization": f"Bearer {KEY}"}
        got = bytearray()
        answer = await http.post(f"{mock.base_url}/responses", json=asked, headers=headers)
        with pytest.raises(aiohttp.ClientError):  # noqa: PT012
            async for data in answer.content.iter_any():
                got += data
        assert b'"delta":"From"' in got
        assert b"response.completed" not in got
        await mock.journal.wait(lambda journal: journal.entries[-1].kind == "close")
        assert mock.journal.entries[-1].data["how"] in ("fin", "reset")  # type: ignore[index]


@pytest.mark.parametrize(("code", "seen"), [(1001, 1001), (1011, 1011), (None, 1006)])
async def test_a_socket_that_is_closed_there_is_closed_here(code: int | None, seen: int) -> None:
    where = faults.at(turn=1, event="response.output_text.delta", nth=2)
    planned = where.reset() if code is None else where.close(code)
    async with both(there={"faults": [planned]}) as (mock, _, _), open_socket(mock) as socket:
        with pytest.raises(websockets.ConnectionClosed):
            await socket.turn()
        assert socket.raw.close_code == seen


def test_a_socket_on_which_nothing_comes_is_waited_for_ten_minutes_and_no_longer() -> None:
    async def story() -> float:
        silent = faults.at(turn=1, event="response.output_text.delta", nth=2).stall()
        async with both(there={"faults": [silent]}) as (mock, _, _), open_socket(mock) as socket:
            began = asyncio.get_running_loop().time()
            with pytest.raises(websockets.ConnectionClosed):
                await socket.turn()
            return asyncio.get_running_loop().time() - began

    assert run(story()) == pytest.approx(600, abs=5)


def test_an_upstream_that_says_nothing_is_waited_for_ten_minutes_and_no_longer() -> None:
    async def story() -> float:
        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(-1)
            writer.close()

        silent = await asyncio.start_server(mute, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        async with (
            MockServer(upstream=f"http://127.0.0.1:{port}") as mock,
            AsyncOpenAI(base_url=mock.base_url, api_key=KEY, max_retries=0, timeout=10_000) as client,
        ):
            began = asyncio.get_running_loop().time()
            with pytest.raises(openai.InternalServerError, match="no answer in time"):
                await client.responses.create(model="gpt-4o", input="hi")
            silent.close()
            return asyncio.get_running_loop().time() - began

    assert run(story()) == pytest.approx(600, abs=5)


async def test_an_upstream_that_leads_back_is_found_out() -> None:
    port = closed_port()
    async with (
        MockServer(upstream=f"http://127.0.0.1:{port}/v1") as front,
        MockServer(upstream=front.base_url, port=port) as back,
        AsyncOpenAI(base_url=back.base_url, api_key=KEY, max_retries=0) as client,
    ):
        for streamed in (False, True):
            with pytest.raises(openai.InternalServerError) as caught:
                await client.responses.create(model="gpt-4o", input="hi", stream=streamed)
            assert (caught.value.status_code, caught.value.code) == (508, "upstream_loop")
        with pytest.raises(openai.InternalServerError):
            await client.models.list()
        async with open_socket(back) as socket:
            [told] = await socket.turn()
            assert told["error"]["code"] == "upstream_loop"


# Secrets, addresses


async def test_the_key_is_passed_on_and_never_kept() -> None:
    async with both() as (mock, upstream, client):
        assert (await client.responses.create(model="gpt-4o", input="beyond")).output_text
        async with open_socket(mock) as socket:
            await socket.turn()
        assert KEY not in repr(mock.journal.entries) + repr(upstream.journal.entries)
        assert "the-clients-own" not in repr(mock.journal.entries)


@pytest.mark.parametrize(
    "wrong", ["127.0.0.1:8080", "ftp://host/v1", "http://", "http://host:99999", "https://user:key@host/v1"]
)
def test_an_address_that_is_none_is_refused_in_one_line(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^upstream: ") as caught:
        MockServer(upstream=wrong)
    assert "\n" not in str(caught.value)
    assert "user:key" not in str(caught.value)
