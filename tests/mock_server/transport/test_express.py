"""A request that came before is answered in the call that brings it; nobody can tell but by the clock."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import MockServer, admission, faults, reply
from mock_openai.control.journal import Journal
from mock_openai.delivery.express import Express
from mock_openai.memory import MemoryStore, Remembered
from mock_openai.protocol.request import Request, parse_request
from mock_openai.protocol.stencil import Stencil
from mock_openai.responders.answer import Answer, Reply, Text
from mock_openai.responders.base import Turn
from mock_openai.responders.script import Script
from mock_openai.transport.frames import PONG
from mock_openai.transport.wire import frame

NOW = 1_790_000_000.0
TIMES = 5
SCRIPT = [
    {"when": {"user": "call"}, "reply": [{"call": "look", "arguments": {"at": "Paris"}}]},
    {"when": {"user": "no"}, "reply": [{"refusal": "I 100% would rather not."}]},
    {"when": {"user": "hi"}, "reply": [{"text": "Hello, you. 100%d!", "deltas": 3}]},
]


@pytest.fixture(autouse=True)
def at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was answered at once, so that no test is green for never getting there."""
    seen: list[object] = []
    answer = Express.answer

    def spied(self: Express, known: Any, *rest: Any) -> Any:
        seen.append(known)
        return answer(self, known, *rest)

    monkeypatch.setattr(Express, "answer", spied)
    return seen


class Wire:
    """A client that writes bytes and reads whole answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.pongs = 0

    async def answer(self) -> tuple[bytes, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            return head, await self.reader.readuntil(b"0\r\n\r\n")
        length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return head, await self.reader.readexactly(length)

    async def ask(self, asked: bytes) -> tuple[bytes, bytes]:
        """Ask, and give the head, without how long it took, and the body."""
        self.writer.write(asked)
        head, said = await self.answer()
        return re.sub(rb"openai-processing-ms: \d+", b"", head), said

    async def frame(self) -> dict[str, Any]:
        first, size = await self.reader.readexactly(2)
        if first & 0x0F == PONG:
            self.pongs += 1
            return await self.frame()
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        return json.loads(await self.reader.readexactly(size))

    async def frames(self) -> list[dict[str, Any]]:
        events = [await self.frame()]
        while events[-1]["type"] not in ("response.completed", "response.incomplete", "error"):
            events.append(await self.frame())
        return events

    async def turn(self, text: Any = "hi", **fields: Any) -> list[dict[str, Any]]:
        self.writer.write(masked(body(text, type="response.create", **fields)))
        return await self.frames()


@asynccontextmanager
async def wire(server: MockServer, *, upgrade: bool = False) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        if upgrade:
            key = base64.b64encode(bytes(16)).decode()
            writer.write(
                b"GET /v1/responses HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n" % key.encode()
            )
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        yield Wire(reader, writer)
    finally:
        writer.close()


def body(text: Any = "hi", **fields: Any) -> bytes:
    return json.dumps({"model": "gpt-4o-mini", **fields, "input": text}).encode()


def request(text: str = "hi", *, headers: str = "", **fields: Any) -> bytes:
    data = body(text, **fields)
    head = f"POST /v1/responses HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def masked(payload: bytes) -> bytes:
    plain = frame(payload)
    head = plain[: len(plain) - len(payload)]
    return head[:1] + bytes([head[1] | 0x80]) + head[2:] + bytes(4) + payload


def noted(server: MockServer) -> list[tuple[Any, ...]]:
    return [
        (entry.connection, entry.turn, entry.lane, entry.kind, entry.data) for entry in server.journal.entries
    ]


async def said(planned: list[Any], talk: Callable[[MockServer], Any]) -> tuple[Any, list[Any], Any]:
    async with MockServer(SCRIPT, faults=planned) as server:
        heard = await talk(server)
        samples = server._own.site.metrics.samples()
        return heard, noted(server), samples


def never() -> list[Any]:
    """A fault that strikes nobody, and makes the server take the usual way with everybody."""
    return [faults.at(turn=10**6).reset()]


def counted(samples: list[Any]) -> list[Any]:
    return [one for one in samples if one[0] not in ("turn_seconds_sum", "turn_seconds_bucket")]


async def both_ways(talk: Callable[[MockServer], Any], answered: list[object]) -> Any:
    """Let a talk take place in the usual way and at once, and give what was heard both times."""
    usual, entries, samples = await said(never(), talk)
    assert not answered
    heard, also_entries, also_samples = await said([], talk)
    assert answered, "nothing was answered at once"
    assert heard == usual
    assert also_entries == entries
    took = {"turn_seconds_sum", "turn_seconds_bucket"}
    assert [one for one in also_samples if one[0] not in took] == [
        one for one in samples if one[0] not in took
    ]
    return heard


@pytest.mark.parametrize("text", ["hi", "no", "call"])
@pytest.mark.parametrize("way", ["json", "sse", "gzip"])
async def test_both_ways_say_the_same_by_http(way: str, text: str, answered: list[object]) -> None:
    headers = "Accept-Encoding: gzip\r\n" if way == "gzip" else ""

    async def talk(server: MockServer) -> Any:
        async with wire(server) as client:
            asked = request(text, headers=headers, stream=way == "sse")
            heard = [await client.ask(asked) for _ in range(TIMES)]
            for number in range(TIMES):  # never twice the same, and of different lengths
                heard.append(await client.ask(request(f"{text} {10**number}", headers=headers)))
                heard.append(await client.ask(request(text, headers=headers, stream=number % 2 == 0)))
            named = re.search(rb'"id": ?"(resp_\w+)"', heard[0][1]) if way == "json" else None
            if named and text != "call":
                chained = request("hi", previous_response_id=named[1].decode())
                heard += [await client.ask(chained) for _ in range(TIMES)]
            return heard

    heard = await both_ways(talk, answered)
    assert len(answered) >= len(heard) - 3, "only the first of a kind takes the usual way"
    assert way != "gzip" or b"content-encoding: gzip" in heard[-2][0]


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize("text", ["hi", "no", "call"])
async def test_both_ways_say_the_same_by_websocket(text: str, store: bool, answered: list[object]) -> None:
    outputs = [{"type": "function_call_output", "call_id": "call_1", "output": "Sunny."}]

    async def talk(server: MockServer) -> Any:
        async with wire(server, upgrade=True) as client:
            heard = [await client.turn(text, store=store) for _ in range(TIMES)]
            heard += [await client.turn(f"{text} {number}", store=store) for number in range(TIMES)]
            for number in range(TIMES):
                latest = heard[-1][-1]["response"]
                asked: Any = f"hi {number}"
                if latest["output"][0]["type"] == "function_call":
                    asked = [{**outputs[0], "call_id": latest["output"][0]["call_id"]}]
                heard.append(await client.turn(asked, store=store, previous_response_id=latest["id"]))
            forked = heard[-2][-1]["response"]["id"]
            heard += [await client.turn("hi", store=store, previous_response_id=forked) for _ in range(3)]
            heard.append(await client.turn("hi", previous_response_id="resp_unknown"))
            return heard

    await both_ways(talk, answered)
    assert len(answered) >= 2 * TIMES


ASKED = st.fixed_dictionaries(
    {"text": st.sampled_from(["hi", "hi there", "no", "Tell me about yourself."])},
    optional={
        "previous_response_id": st.sampled_from(["latest", "first", "unknown", 7]),
        "store": st.booleans(),
        "model": st.sampled_from(["gpt-4.1", "gpt-5.6", "no-model"]),
        "instructions": st.sampled_from(["Be brief.", "Be brief, and kind. " * 200]),
        "metadata": st.just({"a": "b"}),
        "stream_id": st.sampled_from(["a", "b", "?"]),
        "generate": st.booleans(),
        "max_output_tokens": st.sampled_from([16, 2, 1]),
        "temperature": st.sampled_from([0.5, 9]),
        "truncation": st.just("auto"),
    },
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ASKED, min_size=3, max_size=9), st.booleans())
def test_whatever_is_asked_both_ways_say_the_same(asked: list[dict[str, Any]], upgrade: bool) -> None:
    async def talk(server: MockServer) -> list[Any]:
        heard: list[Any] = []
        ids = ["resp_unknown"]
        async with wire(server, upgrade=upgrade) as client:
            for fields in (one for one in asked for _ in range(3)):
                named = {"latest": ids[-1], "first": ids[0], "unknown": "resp_unknown"}
                parent = fields.get("previous_response_id")
                given = (
                    {**fields, "previous_response_id": named.get(parent, parent)} if parent else dict(fields)
                )
                if upgrade:
                    heard.append(await client.turn(given.pop("text"), **given))
                else:
                    heard.append(await client.ask(request(given.pop("text"), **given)))
                ids += re.findall(r"resp_0\w+", str(heard[-1]))[-1:]
        return heard

    async def story() -> None:
        usual, express = await said(never(), talk), await said([], talk)
        assert express[0] == usual[0]
        assert express[1] == usual[1]
        assert counted(express[2]) == counted(usual[2])

    asyncio.run(story())


async def test_what_was_answered_at_once_is_stored(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server) as client:
        answers = [json.loads((await client.ask(request()))[1]) for _ in range(TIMES)]
        assert answered
        wanted = answers[-1]["id"]
        found = await client.ask(f"GET /v1/responses/{wanted} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert json.loads(found[1])["output"] == answers[-1]["output"]
        assert len({answer["id"] for answer in answers}) == TIMES


async def test_a_fault_planned_in_between_strikes() -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for _ in range(TIMES):
            await client.turn()
        server.faults.add(faults.at(turn=TIMES + 1, event="response.created").overloaded())
        assert (await client.turn())[-1]["type"] in ("error", "response.failed")
        assert (await client.turn())[-1]["type"] == "response.completed"


@pytest.mark.parametrize("upgrade", [False, True])
async def test_a_rule_added_in_between_is_heard(upgrade: bool) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=upgrade) as client:

        async def ask() -> str:
            return json.dumps(await client.turn()) if upgrade else (await client.ask(request()))[1].decode()

        for _ in range(TIMES):
            assert "Hello" in await ask()
        server.script.add(reply("Goodbye."), first=True)
        assert "Goodbye" in await ask()


async def test_a_rule_with_times_is_counted(answered: list[object]) -> None:
    rules = [{"when": {"user": "hi"}, "reply": "Still here.", "times": 4}, "Gone."]
    async with MockServer(rules) as server, wire(server) as client:
        texts = [json.loads((await client.ask(request()))[1]) for _ in range(9)]
    told = [one["output"][0]["content"][0]["text"] for one in texts]
    assert told == ["Still here."] * 4 + ["Gone."] * 5
    assert not answered


async def test_requests_in_one_piece_and_in_many_get_their_own_answers(answered: list[object]) -> None:
    asked, other = request(), request("no")
    async with MockServer(SCRIPT) as server, wire(server) as client:
        for _ in range(3):
            await client.ask(asked)
        assert answered
        client.writer.write(asked + other + asked)
        heard = [(await client.answer())[1] for _ in range(3)]
        assert [b"Hello" in one for one in heard] == [True, False, True]
        for cut in (10, len(asked) - 4):
            client.writer.write(asked[:cut])
            await client.writer.drain()
            await server.journal.wait(lambda _: True)
            client.writer.write(asked[cut:])
            assert b"Hello" in (await client.answer())[1]
        client.writer.write(other[:-3])
        client.writer.write(other[-3:])
        assert b"would rather not" in (await client.answer())[1]
        assert b"Hello" in (await client.ask(asked))[1]


async def test_frames_in_one_piece_are_answered_in_their_order() -> None:
    asked = masked(body("hi", type="response.create"))
    other = masked(body("no", type="response.create"))
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for _ in range(3):
            await client.turn()
        client.writer.write(other + asked + asked + b"\x89\x80\x00\x00\x00\x00")
        heard = [await client.frames() for _ in range(3)]
        assert ["Hello" in json.dumps(one) for one in heard] == [False, True, True]
        assert client.pongs == 1


async def test_who_does_not_read_is_not_written_to_without_end() -> None:
    asked = request(stream=True)
    async with MockServer(SCRIPT) as server, wire(server) as client:
        for _ in range(3):
            await client.ask(asked)
        for _ in range(3000):
            client.writer.write(asked)
            for _ in range(4):  # so that the server has it before the next
                await asyncio.sleep(0)
        assert len(server.journal.requests) < 2000
        heard = [(await client.answer())[1].count(b"event: ") for _ in range(3000)]
        assert set(heard) == {11}


async def test_a_wrong_key_stays_wrong(answered: list[object]) -> None:
    async with MockServer(SCRIPT, api_key="sk-right") as server, wire(server) as client:
        right, wrong = (request(headers=f"Authorization: Bearer sk-{key}\r\n") for key in ("right", "wrong"))
        for _ in range(TIMES):
            assert b" 200 " in (await client.ask(right))[0]
        assert answered
        assert b" 401 " in (await client.ask(wrong))[0]
        assert b" 200 " in (await client.ask(right))[0]


async def test_a_session_keeps_to_itself() -> None:
    async with MockServer(SCRIPT) as server, wire(server) as client:
        server.session("other").script.add(reply("Somebody else."), first=True)
        own, other = request(), request(headers="x-mock-session: other\r\n")
        for _ in range(TIMES):
            assert b"Hello" in (await client.ask(own))[1]
        for _ in range(TIMES):
            assert b"Somebody else" in (await client.ask(other))[1]
        server.forget("other")
        assert b"Hello" in (await client.ask(other))[1]


async def test_a_reset_counts_from_one_again(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server) as client:
        for _ in range(TIMES):
            await client.ask(request())
        await server.reset()
        await client.ask(request())
        server.faults.add(faults.at(turn=2).overloaded())
        assert b" 503 " in (await client.ask(request()))[0]


async def test_what_has_to_wait_or_is_refused_goes_the_usual_way(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for _ in range(TIMES):
            await client.turn(stream_id="a")
            assert (await client.turn(temperature=3))[-1]["type"] == "error"
            assert (await client.turn(previous_response_id=[]))[-1]["type"] == "error"
            assert (await client.turn("hi", generate=False))[-1]["response"]["output"] == []
            assert (await client.turn("what is beyond all rules"))[-1]["type"] == "response.completed"
    assert not answered


@pytest.mark.virtual_time
async def test_a_connection_that_is_asked_now_and_then_is_kept(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server) as client:
        for _ in range(8):
            assert b" 200 " in (await client.ask(request()))[0]
            await asyncio.sleep(20 * 60)
    assert answered


async def taken_in() -> None:
    """Let the server read what was written; both are on this loop."""
    for _ in range(8):
        await asyncio.sleep(0)


async def test_nobody_is_answered_before_who_came_first(answered: list[object]) -> None:
    doors = [asyncio.Event(), asyncio.Event()]
    behind = iter(doors)

    async def slow(_: Turn) -> str:
        await next(behind).wait()
        return "At last."

    rules = [{"when": {"user": "^hi$"}, "reply": "Hello."}, slow]
    async with MockServer(rules) as server, wire(server) as client:
        await client.ask(request())
        await client.ask(request())
        before = len(answered)
        for _ in range(2):  # alike to the last byte, the second while the first is answered
            client.writer.write(request("slow"))
            await taken_in()
        doors[0].set()
        assert b"At last" in (await client.answer())[1]
        client.writer.write(request())
        await taken_in()
        doors[1].set()
        assert b"At last" in (await client.answer())[1]
        assert b"Hello" in (await client.answer())[1]
        assert len(answered) == before
        await client.ask(request())
        assert len(answered) > before, "later ones are answered at once all the same"


async def test_a_head_in_two_pieces_is_no_pattern_for_the_next(answered: list[object]) -> None:
    async with MockServer(SCRIPT, api_key="sk-right") as server, wire(server) as client:
        for _ in range(3):  # what looks like the first line is the value of a header
            client.writer.write(b"POST /v1/responses HTTP/1.1\r\nAuthorization: Bearer sk-right\r\nX-More: ")
            await taken_in()
            assert b" 200 " in (await client.ask(request()))[0]
        assert b" 401 " in (await client.ask(request()))[0]
    assert not answered


async def test_scripts_and_stores_of_ones_own_are_asked(answered: list[object]) -> None:
    class Loud(Script):
        async def answer(self, turn: Turn) -> Answer | None:
            return Reply((Text("HELLO"),))

    class Counting(MemoryStore):
        puts = 0

        async def put(self, remembered: Remembered) -> None:
            self.puts += 1
            await super().put(remembered)

    store = Counting()
    async with MockServer(Loud(["Hello."])) as server, wire(server) as client:
        for _ in range(TIMES):
            assert b"HELLO" in (await client.ask(request()))[1]
    async with MockServer(SCRIPT, store=store) as server, wire(server) as client:
        for _ in range(TIMES):
            await client.ask(request())
    assert store.puts == TIMES
    assert not answered


async def test_journal_and_memory_do_not_hold_on_to_what_is_forgotten() -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for number in range(450):
            for _ in range(2):  # known from then on, until too many are
                await client.turn(f"hi {number}")
        assert len(server.journal.requests) == 900
        gc.collect()  # what other tests left
        held = sum(isinstance(one, Stencil) for one in gc.get_objects())
    assert 50 < held < 200


@pytest.mark.parametrize("words", [10, 10_000])
async def test_what_is_not_answered_at_once_is_not_validated_twice(
    words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[object] = []

    def counted(body: object, **options: Any) -> Request:
        validated.append(body)
        return parse_request(body, **options)

    monkeypatch.setattr(admission, "parse_request", counted)
    async with MockServer([lambda turn: "Hello."]) as server, wire(server, upgrade=True) as client:
        for number in range(TIMES):
            await client.turn(f"{number}" + "word " * words)
        async with wire(server) as other:
            for number in range(TIMES):
                await other.ask(request(f"{number}" + "word " * words))
    assert len(validated) == 2 * TIMES


@pytest.mark.parametrize(
    ("fail", "kind"),
    [(lambda: pytest.fail("no"), pytest.fail.Exception), (lambda: next(iter(())), RuntimeError)],
)
async def test_who_waits_for_the_journal_learns_that_the_test_failed(
    fail: Callable[[], object], kind: type[BaseException]
) -> None:
    def failing(journal: Journal) -> bool:
        return len(journal.requests) > TIMES and bool(fail())

    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        waiting = asyncio.ensure_future(server.journal.wait(failing))
        for _ in range(TIMES + 2):
            assert (await client.turn())[-1]["type"] == "response.completed"
        with pytest.raises(kind):
            await waiting


async def test_times_may_have_any_number_of_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for now in (NOW, 946_684_800.0, 0.0, NOW):
            monkeypatch.setattr(time, "time", lambda now=now: now)
            for _ in range(TIMES):
                events = await client.turn()
                assert events[-1]["type"] == "response.completed"
                assert events[-1]["response"]["created_at"] == now


async def test_what_a_test_does_with_a_noted_request_changes_no_other() -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for number in range(TIMES):
            await client.turn()
            assert server.journal.requests[number].pop("model") == "gpt-4o-mini"
            assert server.journal.responses[number].request.pop("input") == "hi"
        assert server.journal.requests == [{"model": "gpt-4o-mini", "input": "hi"}] * TIMES


@pytest.mark.parametrize("upgrade", [False, True])
async def test_defects_are_told_and_break_no_connection(
    upgrade: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=upgrade) as client:

        async def ask(text: str) -> str:
            told = await client.turn(text) if upgrade else await client.ask(request(text))
            return str(told)

        for _ in range(TIMES):
            assert "Hello" in await ask("hi")
        with monkeypatch.context() as broken:
            broken.setattr(admission, "check_conversation", lambda *_: {}[7])
            assert "failed to answer: KeyError" in await ask("hi there")
        assert "Hello" in await ask("hi there")
        odd = [{"type": "web_search_call", "id": [], "role": "user", "content": None}]
        assert "failed to answer" not in await ask(odd)  # type: ignore[arg-type]
        assert "Hello" in await ask("hi there")
