"""Clients that do not behave: slow ones, silent ones, ones that never read, and ones that send rubbish. None
gets a 5xx out of the server, makes it grow, or disturbs the well-behaved client next to it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import MockServer, Text, reply
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.fields import CREATE_ON_SOCKET
from ninelives.virtual import run

from tests.effort import HANG

ASK = {"model": "gpt-4o", "input": "hi"}
LONG = [reply(Text("word " * 20_000, deltas=20_000), user="long"), reply("Hello.")]


async def dial(server: MockServer, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    return reader, writer


def post(body: object) -> bytes:
    data = json.dumps(body).encode()
    return b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)


@asynccontextmanager
async def behaved(server: MockServer) -> AsyncIterator[Any]:
    """A well-behaved client; what it gives asks once and checks the answer."""
    async with aiohttp.ClientSession() as session:

        async def ask() -> None:
            async with asyncio.timeout(HANG):
                async with session.post(f"{server.base_url}/responses", json=ASK) as answer:
                    assert (await answer.json())["status"] == "completed"

        yield ask


@pytest.mark.parametrize("start", [b"POST /v1/resp", b"POST /v1/responses HTTP/1.1\r\nHost: x\r\n"])
def test_headers_that_do_not_come_are_not_waited_for(start: bytes) -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        async with MockServer() as server:
            reader, writer = await dial(server, start)
            began = loop.time()

            async def drip() -> None:
                while True:
                    await asyncio.sleep(3)
                    writer.write(b"x")

            dripping = asyncio.create_task(drip())
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
            dripping.cancel()
            return loop.time() - began

    assert run(story()) == pytest.approx(30, abs=0.1)


def test_a_body_that_falls_silent_is_not_waited_for() -> None:
    async def story() -> tuple[bytes, float]:
        loop = asyncio.get_running_loop()
        async with MockServer() as server:
            reader, writer = await dial(server, post(ASK)[:-9])
            await asyncio.sleep(50)
            writer.write(b"o")
            began = loop.time()
            head = await reader.readuntil(b"\r\n")
            return head, loop.time() - began

    head, waited = run(story())
    assert head == b"HTTP/1.1 408 Request Timeout\r\n"
    assert waited == pytest.approx(60, abs=0.1)


def test_slow_but_steady_clients_and_idle_ones_are_served() -> None:
    async def story() -> bytes:
        async with MockServer(script=["Hello."]) as server:
            reader, writer = await dial(server)
            await asyncio.sleep(600)
            for byte in post(ASK):
                writer.write(bytes([byte]))
                await asyncio.sleep(0.1)
            first = await reader.readuntil(b"\r\n")
            await asyncio.sleep(600)
            writer.write(post(ASK))
            await reader.readuntil(b"HTTP/1.1 200 OK\r\n")
            return first

    assert run(story()) == b"HTTP/1.1 200 OK\r\n"


async def test_a_client_that_does_not_read_holds_up_its_own_stream_only() -> None:
    async with MockServer(LONG) as server, behaved(server) as ask:
        _, writer = await dial(server)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(post({**ASK, "input": "long", "stream": True}))
        await server.journal.wait(lambda journal: len(journal.events()) > 100)
        for _ in range(20):
            await ask()
        left = [entry for entry in server.journal.entries if entry.kind == "event" and entry.connection == 1]
        # Kernel buffers take a few megabytes; 20,000 events are more, and what did not fit was not made.
        assert len(left) < 20_000
        writer.transport.abort()


async def test_a_socket_that_asks_and_never_reads_is_not_read_any_more() -> None:
    server = MockServer(LONG, behaviour=Behaviour(max_waiting=50))
    asked = json.dumps({"type": "response.create", **ASK, "input": "long", "metadata": {"a": "b" * 500}})
    create = b"\x81\xfe" + len(asked).to_bytes(2, "big") + bytes(4) + asked.encode()

    def requests() -> int:
        return sum(entry.kind == "request" and entry.connection == 1 for entry in server.journal.entries)

    async with (
        server,
        behaved(server) as ask,
        aiohttp.ClientSession() as session,
        session.ws_connect(server.ws_url) as socket,
    ):
        transport = socket._conn.transport  # type: ignore[union-attr]
        transport.pause_reading()
        transport.write(create * 2000)
        await server.journal.wait(lambda journal: requests() >= 50)
        for _ in range(20):
            await ask()
        assert requests() <= 100
        transport.abort()


async def test_hundreds_of_idle_sockets_cost_the_others_nothing() -> None:
    async with (
        MockServer(LONG) as server,
        behaved(server) as ask,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        sockets = await asyncio.gather(*(session.ws_connect(server.ws_url) for _ in range(300)))
        await ask()
        for socket in sockets[::50]:
            await socket.send_str(json.dumps({"type": "response.create", **ASK}))
            assert (await socket.receive_json())["type"] == "response.created"
        for socket in sockets[:150]:
            socket._response.connection.transport.abort()  # type: ignore[union-attr]
        await server.journal.wait(lambda journal: sum(one.kind == "close" for one in journal.entries) >= 150)
        await ask()
        for socket in sockets:
            await socket.close()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from(
            [
                b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                b"POST /v1/responses HTTP/1.1\r\n",
                b"Content-Length: 5\r\n",
                b"Content-Length: -1\r\n",
                b"Transfer-Encoding: chunked\r\n\r\n",
                b"5\r\nhello\r\n0\r\n\r\n",
                b"zz\r\n",
                b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
                b"\r\n\r\n",
            ]
        ),
        max_size=6,
    )
)
def test_no_bytes_make_the_port_answer_5xx_or_hang(parts: list[bytes]) -> None:
    async def story() -> None:
        async with MockServer() as server, behaved(server) as ask:
            reader, writer = await dial(server, b"".join(parts))
            writer.write_eof()
            async with asyncio.timeout(HANG):
                answer = await reader.read()
            assert not [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 5")]
            await ask()
            writer.close()

    run(story())


# Bodies: any mixture of known names, right and wrong values, and rubbish

NAMES = sorted(CREATE_ON_SOCKET.fields)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["gpt-4o", "user", "message", "function", "auto", "resp_1", "conv_1", "text", "input_text"]
    )
)
KEYS = st.sampled_from([*NAMES, "role", "content", "name", "parameters", "format", "id", "call_id", "output"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
ITEMS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["message", "function_call_output", "reasoning", "item_reference", "web_search_call"]
        )
    },
    optional={
        "role": st.sampled_from(["user", "assistant", "x"]),
        "content": VALUES,
        "id": VALUES,
        "call_id": VALUES,
    },
)
BODIES = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(["gpt-4o", "o3", "gpt-5.1"]),
            "input": st.text(max_size=9) | st.lists(ITEMS, max_size=3),
        },
        optional={name: VALUES for name in NAMES if name not in ("model", "input", "type")},
    ),
)


@pytest.mark.thorough
@settings(max_examples=25, deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=12))
def test_no_body_is_answered_5xx_and_every_message_is_answered(bodies: list[Any]) -> None:
    async def story() -> None:
        async with MockServer() as server, aiohttp.ClientSession() as session:
            for body in bodies:
                data = json.dumps(body)
                headers = {"Content-Type": "application/json"}
                async with session.post(f"{server.base_url}/responses", data=data, headers=headers) as answer:
                    assert answer.status < 500, await answer.text()
                    await answer.read()
            async with session.ws_connect(server.ws_url) as socket:
                for body in bodies:
                    known = (
                        {**body, "type": "response.create", "stream_id": None}
                        if isinstance(body, dict)
                        else body
                    )
                    if isinstance(known, dict):
                        del known["stream_id"]
                    await socket.send_str(json.dumps(known))
                    async with asyncio.timeout(HANG):
                        while True:
                            event = await socket.receive_json()
                            if event["type"] == "error":
                                assert event.get("status", 400) < 500, event
                                break
                            if event["type"] in (
                                "response.completed",
                                "response.incomplete",
                                "response.failed",
                            ):
                                break

    asyncio.run(story())


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_only_a_get_of_http_1_1_opens_a_socket(version: bytes) -> None:
    asked = json.dumps(ASK).encode()
    method = b"POST" if version == b"1.1" else b"GET"
    head = b"%b /v1/responses HTTP/%b\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" % (
        method,
        version,
    )
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    async with MockServer() as server:
        reader, writer = await dial(
            server, head + key + b"Content-Length: %d\r\n\r\n%b" % (len(asked), asked)
        )
        status = (await reader.readuntil(b"\r\n"))[9:12]
        writer.close()
    assert status == (b"200" if method == b"POST" else b"405")


NO_HTTP = {
    "no number": b"Content-Length: sk-secret",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2",
    "no colon": b"sk-secret",
    "a header too long": b"X: " + b"a" * 100_000,
    "thousands of headers": b"\r\n".join(b"X-%d: a" % n for n in range(5000)),
}


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_no_http_gets_an_error_of_the_apis_form_that_repeats_nothing(name: str) -> None:
    async with MockServer() as server, asyncio.timeout(HANG):
        reader, writer = await dial(
            server, b"POST /v1/responses HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % NO_HTTP[name]
        )
        head = await reader.readuntil(b"\r\n\r\n")
        told = await reader.read()
        writer.close()
    assert b" 400 " in head
    assert b"application/json" in head
    error = json.loads(told)["error"]
    assert error["message"].startswith("This is not a valid HTTP request")
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)
    assert b"sk-secret" not in told


@pytest.mark.parametrize(
    "path",
    ["/v1//responses", "//v1/responses", "/v1/responses/", "/v1/models/", "//v1/models", "/v1/responses//x"],
)
async def test_a_slash_too_many_is_another_address(path: str) -> None:
    async with MockServer() as server:
        for method in ("GET", "POST"):
            body = b"Content-Length: 2\r\n\r\n{}" if method == "POST" else b"\r\n"
            reader, writer = await dial(
                server, b"%b %b HTTP/1.1\r\nHost: x\r\n%b" % (method.encode(), path.encode(), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            told = await reader.readuntil(b"\n}")
            writer.close()
            assert head.startswith(b"HTTP/1.1 404 ")
            assert json.loads(told)["error"]["message"] == f"Invalid URL ({method} {path})"


async def test_a_large_header_is_no_reason_to_refuse() -> None:
    async with (
        MockServer() as server,
        aiohttp.ClientSession(headers={"baggage": "a" * 30_000}) as http,
        http.post(f"{server.base_url}/responses", json=ASK) as answer,
    ):
        assert answer.status == 200


async def test_requests_that_come_at_once_are_answered_one_after_the_other() -> None:
    async with MockServer() as server, asyncio.timeout(HANG):
        several = (
            post(ASK)
            + b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
            + post({**ASK, "stream": True})
            + post(ASK)
        )
        reader, writer = await dial(server, several + b"GET /v1/models HTTP/1.0\r\n\r\n")
        told = await reader.read()
        writer.close()
    statuses = [part[:3] for part in told.replace(b"HTTP/1.0", b"HTTP/1.1").split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"200", b"200"]
