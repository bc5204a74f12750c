"""Every kind of fault on both transports: what the client had received before, and what it sees then.

What each client raises stands in `test_what_clients_raise.py`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from socket import create_connection as connection_to
from typing import Any

import aiohttp
import openai
import pytest
import websockets
from mock_openai import MockServer, Text, faults, reply
from openai import AsyncOpenAI

ASK = {"model": "gpt-4o", "input": "hi"}
DELTA = "response.output_text.delta"
SCRIPT = [reply(Text("one two three four five six", deltas=6))]
THIRD = {"event": DELTA, "nth": 3}
BEFORE_THIRD = 4 + 2  # created, in_progress, item added, part added, two deltas
WHOLE = 4 + 6 + 4


@dataclass
class Seen:
    """What a client got: the events before it broke, and the error that it raised."""

    types: list[str] = field(default_factory=list)
    error: BaseException | None = None
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        return type(self.error.__cause__).__name__ if self.error else ""


async def sdk_stream(server: MockServer) -> Seen:
    seen = Seen()
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0, timeout=1.0) as client:
        try:
            async for event in await client.responses.create(**ASK, stream=True):
                seen.types.append(event.type)
                seen.last = event.to_dict()
        except Exception as error:
            seen.error = error
    return seen


async def aiohttp_stream(server: MockServer) -> Seen:
    seen = Seen()
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(server.base_url + "/responses", json={**ASK, "stream": True}) as answer:
                name = ""
                async for line in answer.content:
                    if line.startswith(b"event: "):
                        name = line[7:].decode().strip()
                    elif line == b"\n":
                        seen.types.append(name)
        except Exception as error:
            seen.error = error
    return seen


async def socket(server: MockServer) -> Seen:
    seen = Seen()
    try:
        async with websockets.connect(
            server.ws_url, ping_interval=0.3, ping_timeout=0.3, close_timeout=0.3, open_timeout=0.5
        ) as raw:
            await raw.send(json.dumps({"type": "response.create", **ASK}))
            while seen.last.get("type") not in (
                "response.completed",
                "response.incomplete",
                "response.failed",
            ):
                seen.last = json.loads(await asyncio.wait_for(raw.recv(), 2.0))
                seen.types.append(seen.last["type"])
                if seen.last["type"] == "error" and "status" in seen.last:
                    break
    except Exception as error:
        seen.error = error
    return seen


async def sdk_socket(server: MockServer) -> Seen:
    seen = Seen()
    async with AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
        try:
            async with client.responses.connect() as connection:
                await connection.response.create(**ASK)
                async for event in connection:
                    seen.types.append(event.type)
                    if event.type == "response.completed":
                        break
        except Exception as error:
            seen.error = error
    return seen


async def read_on(raw: websockets.ClientConnection) -> None:
    """Read until the socket ends, which raises."""
    while True:
        await raw.recv()


Client = Callable[[MockServer], Awaitable[Seen]]


async def struck(client: Client, *planned: faults.Planned, **options: Any) -> tuple[Seen, MockServer]:
    async with MockServer(script=SCRIPT, faults=planned, **options) as server:
        return await client(server), server


# The connection breaks


@pytest.mark.parametrize("kind", ["reset", "fin", "close", "close_no_status", "truncate"])
@pytest.mark.parametrize("client", [sdk_stream, aiohttp_stream, socket, sdk_socket])
async def test_all_that_came_before_a_break_has_reached_the_client(client, kind):
    seen, server = await struck(client, getattr(faults.at(**THIRD), kind)())
    assert len(seen.types) == BEFORE_THIRD
    assert seen.error is not None or kind.startswith("close")
    assert [entry.data["fault"] for entry in server.journal.entries if entry.kind == "fault"] == [kind]
    assert len(server.journal.events(DELTA)) == 2
    assert server.journal.responses[0].text == "one two"[: len(server.journal.responses[0].text)]


async def test_the_journal_says_that_a_fault_ended_the_connection():
    async with MockServer(script=SCRIPT, faults=[faults.at(**THIRD).close(1012, "restart")]) as server:
        await socket(server)
        await server.journal.wait(lambda journal: journal.entries[-1].kind == "close")
    assert server.journal.entries[-1].data == {
        "by": "fault",
        "code": 1012,
        "reason": "restart",
        "how": "close",
    }


# Events are wrong


@pytest.mark.parametrize("client", [sdk_stream, socket])
@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (faults.at(**THIRD).drop(), WHOLE - 1),
        (faults.at(**THIRD).duplicate(), WHOLE + 1),
        (faults.at(**THIRD).duplicate(3), WHOLE + 3),
        (faults.at(**THIRD).unknown_event(), WHOLE + 1),
        (faults.at(**THIRD).keepalive(), WHOLE + 1),
        (faults.at(turn=2).drop(), WHOLE),
    ],
    ids=lambda value: value.fault.name if isinstance(value, faults.Planned) else None,
)
async def test_a_stream_with_one_wrong_event_goes_on_to_its_end(client, fault, count):
    seen, _ = await struck(client, fault)
    assert (len(seen.types), seen.types[-1], seen.error) == (count, "response.completed", None)


async def test_an_oversize_event_still_means_the_same():
    seen, _ = await struck(sdk_stream, faults.at(**THIRD).oversize_frame())
    assert (len(seen.types), seen.error) == (WHOLE, None)


async def test_malformed_json_does_not_break_the_socket():
    async with (
        MockServer(script=SCRIPT, faults=[faults.at(**THIRD).malformed_json()]) as server,
        websockets.connect(server.ws_url) as raw,
    ):
        await raw.send(json.dumps({"type": "response.create", **ASK}))
        frames = [await raw.recv() for _ in range(WHOLE)]
    with pytest.raises(json.JSONDecodeError):
        json.loads(frames[BEFORE_THIRD])
    assert json.loads(frames[-1])["type"] == "response.completed"


async def test_a_missing_terminal_event_ends_sse_cleanly_and_leaves_a_socket_silent():
    seen, _ = await struck(sdk_stream, faults.at(turn=1).missing_terminal())
    assert (len(seen.types), seen.error) == (WHOLE - 1, None)
    seen, _ = await struck(socket, faults.at(turn=1).missing_terminal())
    assert (len(seen.types), type(seen.error)) == (WHOLE - 1, TimeoutError)


# Time


@pytest.mark.parametrize("kind", ["stall", "delay"])
@pytest.mark.parametrize("client", [sdk_stream, socket])
async def test_a_stall_or_delay_only_costs_time(client, kind):
    fault = getattr(faults.at(**THIRD), kind)(0.3)
    seen, server = await struck(client, fault, pace="fixed:0.02")
    assert (len(seen.types), seen.error) == (WHOLE, None)
    at = [entry.at for entry in server.journal.entries if entry.kind == "event"]
    assert at[BEFORE_THIRD] - at[BEFORE_THIRD - 1] >= 0.3
    spread = at[-1] - at[BEFORE_THIRD]
    # Seven gaps of 0.02 follow; a busy machine may catch up on some of them.
    assert spread < 0.07 if kind == "stall" else spread >= 0.07, "a stall ends in a burst, a delay does not"


@pytest.mark.parametrize("client", [sdk_stream, socket])
async def test_a_fault_can_strike_at_a_moment_of_a_turn(client):
    seen, server = await struck(client, faults.at(turn=1, at=0.05).reset(), pace="fixed:0.02")
    assert seen.error is not None
    assert 1 <= len(seen.types) < WHOLE
    assert [entry.at >= 0.05 for entry in server.journal.entries if entry.kind == "fault"] == [True]


# Errors in the API's own words


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (faults.at(turn=1).rate_limit(), 429, "rate_limit_exceeded"),
        (faults.at(turn=1).insufficient_quota(), 429, "insufficient_quota"),
        (faults.at(turn=1).server_error(), 500, "server_error"),
        (faults.at(turn=1).overloaded(), 503, "server_is_overloaded"),
        (faults.at(turn=1).server_error(401, "invalid_api_key"), 401, "invalid_api_key"),
        (faults.at(turn=1).previous_response_not_found(), 400, "previous_response_not_found"),
    ],
    ids=lambda value: value.fault.name if isinstance(value, faults.Planned) else None,
)
async def test_errors_before_the_answer(fault, status, code):
    seen, _ = await struck(sdk_stream, fault)
    assert isinstance(seen.error, openai.APIStatusError)
    assert (seen.error.status_code, seen.error.code) == (status, code)
    seen, _ = await struck(socket, fault)
    assert (seen.last["status"], seen.last["error"]["code"]) == (status, code)
    assert seen.types == ["error"]


async def test_a_rate_limit_says_when_to_come_back():
    seen, _ = await struck(sdk_stream, faults.at(turn=1).rate_limit(retry_after=7))
    assert seen.error.response.headers["retry-after"] == "7"
    assert "Please try again in 7s." in str(seen.error)


@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "overloaded", "insufficient_quota"])
async def test_errors_in_mid_stream_are_an_error_event_and_response_failed(kind):
    fault = getattr(faults.at(**THIRD), kind)()
    seen, server = await struck(socket, fault)
    assert seen.types[BEFORE_THIRD:] == ["error", "response.failed"]
    assert seen.last["response"]["status"] == "failed"
    assert (seen.last["response"]["output"], seen.last["response"]["usage"]) == ([], None)
    assert seen.last["sequence_number"] == BEFORE_THIRD + 1
    assert server.journal.responses[0].status == "failed"
    seen, _ = await struck(sdk_stream, fault)
    assert isinstance(seen.error, openai.APIError)


async def test_a_retry_after_an_error_gets_the_scripted_answer():
    async with (
        MockServer(script=[reply("Once", times=1)], faults=[faults.at(turn=1).server_error()]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any") as client,
    ):
        assert (await client.responses.create(**ASK)).output_text == "Once"


@pytest.mark.parametrize("client", [sdk_stream, socket])
async def test_incomplete_closes_what_is_open_in_good_order(client):
    seen, _ = await struck(client, faults.at(**THIRD).incomplete())
    assert seen.types[BEFORE_THIRD:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.incomplete",
    ]
    told = seen.last["response"]
    assert told["incomplete_details"] == {"reason": "max_output_tokens"}
    assert told["output"][0]["status"] == "incomplete"
    assert "one two three four".startswith(told["output"][0]["content"][0]["text"])


@pytest.mark.parametrize("client", [sdk_stream, socket])
async def test_a_model_can_have_nothing_to_say(client):
    seen, _ = await struck(client, faults.at(turn=1).empty_reply())
    assert seen.types == ["response.created", "response.in_progress", "response.completed"]


async def test_the_connection_limit_can_come_at_any_time():
    seen, _ = await struck(socket, faults.at(turn=1).connection_limit())
    assert seen.last["error"]["code"] == "websocket_connection_limit_reached"


# Before the first turn, and between turns


@pytest.mark.parametrize(
    ("fault", "error", "cause"),
    [
        (faults.at(connection=1).handshake_status(503, retry_after=1), websockets.InvalidStatus, "NoneType"),
        (faults.at(connection=1).handshake_hang(), TimeoutError, "TimeoutError"),
        (faults.at(connection=1).handshake_reset(), websockets.InvalidMessage, "EOFError"),
        (faults.at(connection=1).refuse(), websockets.InvalidMessage, "EOFError"),
    ],
    ids=lambda value: value.fault.name if isinstance(value, faults.Planned) else None,
)
async def test_a_handshake_that_fails(fault, error, cause):
    async with MockServer(script=SCRIPT, faults=[fault]) as server:
        seen = await socket(server)
        assert isinstance(seen.error, error)
        assert seen.types == []
        if fault.fault.name == "handshake_status":
            assert seen.error.response.status_code == 503
            assert seen.error.response.headers["retry-after"] == "1"
        assert (await socket(server)).types[-1] == "response.completed", "the second attempt succeeds"


async def test_a_refusing_server_is_back_after_a_while():
    async with MockServer(script=SCRIPT, faults=[faults.at(**THIRD).refuse(0.15)]) as server:
        assert isinstance((await socket(server)).error, websockets.ConnectionClosedError)
        assert isinstance((await socket(server)).error, ConnectionRefusedError)
        assert isinstance((await sdk_stream(server)).error, openai.APIConnectionError)
        await asyncio.sleep(0.16)
        assert (await socket(server)).error is None


@pytest.mark.parametrize(
    ("fault", "received"),
    [(faults.at(phase="idle", at=0.02).close(1001), 1001), (faults.at(phase="idle", at=0.02).reset(), None)],
)
async def test_a_quiet_socket_can_break(fault, received):
    async with MockServer(script=SCRIPT, faults=[fault]) as server, websockets.connect(server.ws_url) as raw:
        await raw.send(json.dumps({"type": "response.create", **ASK}))
        with pytest.raises(websockets.ConnectionClosed) as raised:
            await read_on(raw)
        assert (raised.value.rcvd.code if raised.value.rcvd else None) == received
    events = [entry.kind for entry in server.journal.entries if entry.kind in ("event", "fault")]
    assert events == ["fault"] or events.index("fault") == WHOLE, "never in the middle of a turn"


async def test_quiet_is_counted_from_the_end_of_a_turn_and_a_turn_can_be_named():
    fault = faults.at(phase="idle", turn=2, at=0.01).fin()
    async with MockServer(script=SCRIPT, faults=[fault]) as server, websockets.connect(server.ws_url) as raw:
        for _ in range(2):
            await raw.send(json.dumps({"type": "response.create", **ASK}))
            for _ in range(WHOLE):
                await raw.recv()
            await asyncio.sleep(0 if server.journal.responses[1:] else 0.03)
        with pytest.raises(websockets.ConnectionClosedError):
            await raw.recv()


async def test_a_pooled_http_connection_can_break_while_it_is_idle():
    async with MockServer(script=SCRIPT, faults=[faults.at(phase="idle", turn=1, at=0.0).fin()]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
            assert (await client.responses.create(**ASK)).status == "completed"
            await server.journal.wait(lambda journal: journal.entries[-1].kind == "close")
            assert server.journal.entries[-1].data["by"] == "fault"
            assert (await client.responses.create(**ASK)).status == "completed"
        assert server.journal.connections == 2


async def test_plain_json_breaks_too():
    async with (
        MockServer(script=SCRIPT, faults=[faults.at(**THIRD).reset()]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        with pytest.raises(openai.APIConnectionError):
            await client.responses.create(**ASK)
        assert (await client.responses.create(**ASK)).status == "completed"


async def test_a_truncated_plain_body_is_an_incomplete_body():
    async with (
        MockServer(script=SCRIPT, faults=[faults.at(event="terminal").truncate()]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        with pytest.raises(openai.APIConnectionError):
            await client.responses.create(**ASK)


async def test_faults_can_be_planned_while_the_server_runs():
    async with MockServer(script=SCRIPT) as server:
        assert (await socket(server)).error is None
        server.faults.add(faults.at(turn=2, **THIRD).reset())
        assert (await socket(server)).error is not None
        assert server.faults.pending == ()


@pytest.mark.real_time  # the client is a thread that blocks
@pytest.mark.parametrize("kind", ["reset", "fin"])
async def test_even_a_client_that_reads_late_gets_all_that_came_before(kind):
    ask = json.dumps({**ASK, "stream": True}).encode()

    def read_late(port: int) -> bytes:
        with connection_to(("127.0.0.1", port)) as raw:
            raw.sendall(
                b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(ask), ask)
            )
            time.sleep(0.1)  # a blocking client in a thread of its own, busy with something else
            got = b""
            try:
                while data := raw.recv(65536):
                    got += data
            except ConnectionResetError:
                got += b"RESET"
            return got

    async with MockServer(script=SCRIPT, faults=[getattr(faults.at(**THIRD), kind)()]) as server:
        got = await asyncio.to_thread(read_late, server.port)
    assert got.count(b"event: ") == BEFORE_THIRD
    assert got.endswith(b"RESET") == (kind == "reset")
