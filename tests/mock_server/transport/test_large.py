"""However large an answer is, nobody else waits for more than a small piece of work on it.

What a turn may hold the loop for is counted in calls of Python within one callback of the loop. Passes of
compiled code over something large count as one call each, so a second test looks where they are made.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from mock_openai import (
    ApiError,
    Call,
    Item,
    MockServer,
    Recorded,
    Refusal,
    Text,
    Timed,
    faults,
    reply,
    threads,
)
from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol import json as written
from mock_openai.protocol.events import Event
from mock_openai.transport.body import LARGE_BODY

WORDS = "word " * 14_000
"""More than is worked on at once: 70,000 characters, 14,001 deltas."""
AT_MOST = 60_000
"""Calls within one callback of the loop: some 1,000 events. All of WORDS takes half a million."""

ANSWERS = {
    "text": Text(WORDS),
    "text in one delta": Text(WORDS, deltas=1),
    "refusal": Refusal(WORDS),
    "arguments": Call("write", json.dumps({"text": WORDS})),
    "verbatim": Item({"type": "custom_tool_call", "name": "write", "input": WORDS}),
}


class Longest:
    """The callback of the loop that made the most calls."""

    calls = 0


@contextmanager
def calls_within_a_callback() -> Iterator[Longest]:
    """Count the calls that the loop's thread makes within each of its callbacks."""
    longest, run = Longest(), asyncio.events.Handle._run
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    def counted(handle: asyncio.Handle) -> None:
        nonlocal calls
        calls = 0
        sys.setprofile(count)
        try:
            run(handle)
        finally:
            if sys.getprofile() is not None:  # else the callback in which the test has ended this
                sys.setprofile(None)
                longest.calls = max(longest.calls, calls)

    asyncio.events.Handle._run = counted  # type: ignore[method-assign]
    try:
        yield longest
    finally:
        sys.setprofile(None)
        asyncio.events.Handle._run = run  # type: ignore[method-assign]


class Reader(asyncio.Protocol):
    """A client that costs next to nothing."""

    def __init__(self, asked: bytes, end: bytes) -> None:
        self.heard = bytearray()
        self.over = asyncio.get_running_loop().create_future()
        self._asked, self._end = asked, end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._asked)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if self._end in self.heard[-len(data) - 200 :] and not self.over.done():
            self.over.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def exchange(server: MockServer, asked: bytes, end: bytes) -> bytes:
    """Send bytes and return what comes back until the end, or until the server hangs up."""
    loop = asyncio.get_running_loop()
    made, reader = await loop.create_connection(lambda: Reader(asked, end), "127.0.0.1", server.port)
    await reader.over
    made.close()
    return bytes(reader.heard)


def head(method: str, path: str, body: bytes = b"", *more: str) -> bytes:
    lines = (
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "Connection: close",
    )
    return "\r\n".join((*lines, *more, f"Content-Length: {len(body)}", "", "")).encode() + body


def create(**fields: object) -> bytes:
    return json.dumps({"model": "gpt-4o", "input": "hi", **fields}).encode()


HANDSHAKE = (
    b"GET /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def message(**fields: object) -> bytes:
    """Return a create as a masked frame; the key is zero."""
    body = create(type="response.create", **fields)
    assert len(body) < 126
    return bytes((0x81, 0x80 | len(body), 0, 0, 0, 0)) + body


def masked(body: bytes) -> bytes:
    """Return a large message as a masked frame; the key is zero."""
    return bytes((0x81, 0xFF)) + len(body).to_bytes(8) + bytes(4) + body


async def ask(server: MockServer, way: str) -> bytes:
    """Ask once, and return what came."""
    match way:
        case "websocket":
            return await exchange(server, HANDSHAKE + message(), b'"response.completed"')
        case "sse":
            return await exchange(
                server, head("POST", "/v1/responses", create(stream=True)), b"\r\n0\r\n\r\n"
            )
        case "background":
            return await exchange(server, head("POST", "/v1/responses", create(background=True)), b"\0")
    return await exchange(server, head("POST", "/v1/responses", create()), b"\0")


@pytest.mark.parametrize(("way", "kind"), [("json", "text"), ("sse", "arguments"), ("websocket", "text")])
async def test_nobody_waits_for_a_large_answer(way: str, kind: str) -> None:
    async with MockServer(script=[reply(ANSWERS[kind])]) as server:
        with calls_within_a_callback() as longest:
            for _ in range(2):  # the second time it could have a template
                assert WORDS.encode() in await ask(server, way)
        assert 0 < longest.calls < AT_MOST
        assert server.journal.responses[-1].status == "completed"


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["text in one delta", "refusal", "verbatim"])
async def test_whatever_is_large_in_it(kind: str) -> None:
    async with MockServer(script=[reply(ANSWERS[kind])]) as server:
        with calls_within_a_callback() as longest:
            assert WORDS.encode() in await ask(server, "json")
        assert 0 < longest.calls < AT_MOST


async def test_nor_for_one_that_is_generated_in_the_background_and_read_afterwards() -> None:
    async with MockServer(script=[reply(ANSWERS["text"])]) as server:
        with calls_within_a_callback() as longest:
            begun = await ask(server, "background")
            name = json.loads(begun.partition(b"\r\n\r\n")[2])["id"]
            path = f"/v1/responses/{name}"
            streamed = await exchange(server, head("GET", f"{path}?stream=true"), b"\r\n0\r\n\r\n")
            again = await exchange(server, head("GET", f"{path}?stream=true"), b"\r\n0\r\n\r\n")
            whole = await exchange(server, head("GET", path), b"\0")
        assert 0 < longest.calls < AT_MOST
    for heard in (streamed, again):
        assert heard.count(b"event: response.output_text.delta") == 14_001
    assert WORDS.encode() in whole


async def test_a_large_answer_is_the_same_as_one_that_is_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = []
    for large in (64 * 1024, 10**9):
        monkeypatch.setattr(threads.is_large, "__defaults__", (large,))
        async with MockServer(script=[reply(ANSWERS["text"])], seed=1) as server:
            said = await ask(server, "websocket")
        heard.append(re.sub(rb'("(?:created|completed)_at":|_0[0-9a-f]{17})[0-9a-f]{8,10}', rb"\1", said))
    assert heard[0].partition(b"\r\n\r\n")[2] == heard[1].partition(b"\r\n\r\n")[2]


async def test_passes_over_all_of_it_are_made_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    here = threading.get_ident()
    passes: list[tuple[str, bool]] = []

    def watched(module: object, name: str) -> None:
        real = getattr(module, name)

        def watch(value: object, *more: object, **others: object) -> object:
            done = real(value, *more, **others)
            if len(done) > 64 * 1024 or (isinstance(value, bytes) and len(value) > 64 * 1024):
                passes.append((name, threading.get_ident() == here))
            return done

        monkeypatch.setattr(module, name, watch)

    watched(gzip, "compress")
    watched(written, "pretty")
    watched(written, "compact")
    async with MockServer(script=[reply(ANSWERS["text"])]) as server:
        packed = head("POST", "/v1/responses", create(), "Accept-Encoding: gzip")
        heard = await exchange(server, packed, b"\0")
        body = json.loads(gzip.decompress(heard.partition(b"\r\n\r\n")[2]))
        stored = head("GET", f"/v1/responses/{body['id']}", b"", "Accept-Encoding: gzip")
        assert gzip.decompress((await exchange(server, stored, b"\0")).partition(b"\r\n\r\n")[2])
    assert {name for name, _ in passes} == {"compress", "pretty", "compact"}
    assert [name for name, on_the_loop in passes if on_the_loop] == []


@pytest.mark.parametrize("way", ["http", "websocket"])
async def test_nobody_waits_for_a_large_request(way: str) -> None:
    # Planning costs some 40 calls for each item, here as for any conversation of so many.
    item = {"type": "function_call_output", "call_id": "call_1", "output": "much to read, "}
    call = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
    body = create(input=[call, *[{**item, "output": item["output"] * 400}] * 200], truncation="auto")
    assert len(body) > LARGE_BODY
    async with MockServer(script=[reply("Read.")]) as server:
        with calls_within_a_callback() as longest:
            if way == "http":
                heard = await exchange(server, head("POST", "/v1/responses", body), b"\0")
            else:
                asked = body.replace(b"{", b'{"type": "response.create", ', 1)
                heard = await exchange(server, HANDSHAKE + masked(asked), b'"response.completed"')
        assert b"Read." in heard
        assert server.journal.requests[0]["input"] == json.loads(body)["input"]
    assert 0 < longest.calls < AT_MOST


async def test_a_large_message_that_is_no_create_is_read_once_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = threading.get_ident()
    on_the_loop: list[tuple[str, bool]] = []

    def watched(of: object, name: str) -> None:
        real = getattr(of, name)

        def watch(*given: object, **others: object) -> object:
            if any(isinstance(each, bytes) and len(each) > LARGE_BODY for each in given):
                on_the_loop.append((name, threading.get_ident() == here))
            return real(*given, **others)

        monkeypatch.setattr(of, name, watch)

    watched(written, "parse_shallow")
    watched(JournalRedactor, "edits")
    told = {"type": "response.steer", "previous_response_id": "resp_gone", "input": "another way " * 50_000}
    async with MockServer() as server:
        await exchange(server, HANDSHAKE + masked(json.dumps(told).encode()), b'"response.steer.failed"')
        assert on_the_loop == [("parse_shallow", False), ("edits", False)]
        assert [entry.data["body"] for entry in server.journal.entries if entry.kind == "request"] == [
            {name: value for name, value in told.items() if name != "type"}
        ]


@pytest.mark.parametrize("path", ["journal", "journal?limit=3", "metrics"])
async def test_nobody_waits_for_a_long_journal(path: str) -> None:
    async with MockServer(script=[reply(WORDS[:20_000])]) as server:
        for _ in range(2):
            await ask(server, "sse")
        with calls_within_a_callback() as longest:
            heard = await exchange(server, head("GET", f"/__mock__/{path}"), b"\0")
        entries = server.journal.entries
    assert 0 < longest.calls < AT_MOST
    assert len(entries) > 8_000
    body = heard.partition(b"\r\n\r\n")[2]
    if path == "journal":
        listed = json.loads(re.sub(rb"(?:^|\r\n)[0-9a-f]+\r\n", b"", body))  # it comes in chunks
        assert [entry["kind"] for entry in listed[:-1]] == [
            entry.kind for entry in entries[: len(listed) - 1]
        ]
        assert listed[-2]["data"]["data"] == json.loads(entries[len(listed) - 2].data.data)
    elif path == "journal?limit=3":
        assert len(json.loads(body)) == 3
    else:
        assert b'events_total{type="response.output_text.delta"} 8002' in body


@pytest.mark.parametrize(
    ("path", "name"),
    [("responses/compact", "input"), ("responses/input_tokens", "input"), ("conversations", "items")],
)
async def test_nor_for_a_large_request_that_creates_no_response(path: str, name: str) -> None:
    items = [{"role": "user", "content": "much to read, " * 6_000}] * 8
    fields = {name: items, **({"model": "gpt-4.1"} if name == "input" else {})}
    body = json.dumps(fields).encode()
    assert len(body) > LARGE_BODY
    async with MockServer() as server:
        with calls_within_a_callback() as longest:
            heard = await exchange(server, head("POST", f"/v1/{path}", body), b"\0")
    assert heard.startswith(b"HTTP/1.1 200")
    assert 0 < longest.calls < AT_MOST


async def test_nor_for_a_long_recording_that_is_repeated_at_once() -> None:
    deltas = [Event("response.output_text.delta", b'{"type":"response.output_text.delta"}')] * 4_000
    end = Event(
        "response.completed", b'{"type":"response.completed","response":{"id":"resp_1","status":"completed"}}'
    )
    wire = [b"event: %b\ndata: %b\n\n" % (one.type.encode(), one.data) for one in (*deltas, end)]
    recorded = Recorded(
        events=tuple(Timed(0.0, one) for one in (*deltas, end)), chunks=tuple((0.0, data) for data in wire)
    )

    class Repeats:
        takes_errors = False

        async def answer(self, turn: object) -> Recorded:
            return recorded

    async with MockServer(responders=[Repeats()], pace="recorded") as server:
        with calls_within_a_callback() as longest:
            heard = await ask(server, "sse")
    assert heard.count(b"event: response.output_text.delta") == 4_000
    assert 0 < longest.calls < AT_MOST


@pytest.mark.parametrize("what", ["incomplete", pytest.param("error", marks=pytest.mark.thorough)])
async def test_nor_for_a_large_answer_that_ends_early(what: str) -> None:
    late = faults.at(event="response.output_text.delta", nth=10_000)
    planned = late.incomplete() if what == "incomplete" else late.server_error()
    async with MockServer(script=[reply(ANSWERS["text"])], faults=[planned]) as server:
        with calls_within_a_callback() as longest:
            heard = await exchange(
                server, head("POST", "/v1/responses", create(stream=True)), b"\r\n0\r\n\r\n"
            )
        assert server.journal.responses[0].status == ("incomplete" if what == "incomplete" else "failed")
    assert b'"sequence_number":10' in heard
    assert 0 < longest.calls < AT_MOST


async def test_a_large_request_that_is_refused_again_and_again_keeps_no_trace_of_it() -> None:
    body = create(input=[{"role": "user", "content": "much to read, " * 40_000}], asked_again=True)
    assert len(body) > LARGE_BODY
    async with MockServer() as server:
        for _ in range(3):
            heard = await exchange(server, head("POST", "/v1/responses", body), b"\0")
            assert heard.startswith(b"HTTP/1.1 400")
        refused = [
            # Its class is asked of the type: a weak proxy asks that which is gone.
            each
            for each in gc.get_objects()
            if issubclass(type(each), ApiError) and "asked_again" in str(each)
        ]
        assert [len(traceback.extract_tb(each.__traceback__)) for each in refused] == [1]
