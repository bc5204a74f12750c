"""What has nothing to wait for is answered in the call that brings it; nobody can tell but by the clock."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from mock_openai import MockServer, faults, reply
from mock_openai.journal.journal import Journal
from mock_openai.memory import MemoryStore, Remembered
from mock_openai.protocol.reply import Reply, Text
from mock_openai.protocol.request import Request
from mock_openai.protocol.template import Template
from mock_openai.responders.answer import Answer
from mock_openai.responders.base import Turn
from mock_openai.responders.script import Script
from mock_openai.turn import admit

from .bytewise import NOW, SCRIPT, TIMES, body, masked, request, wire

pytestmark = pytest.mark.usefixtures("at_one_moment")


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
    assert answered


@pytest.mark.parametrize("upgrade", [False, True])
async def test_what_is_answered_at_once_is_counted_by_its_rule(upgrade: bool, answered: list[object]) -> None:
    async with MockServer([reply("No.", user="no")]) as server, wire(server, upgrade=upgrade) as client:
        rule = server.script.add(reply("Hello.", user="hi"))
        greet = server.script.add(reply("Welcome.", developer="greet"))
        for number in range(TIMES):
            greeting: Any = [{"role": "developer", "content": f"greet {number}"}]
            if upgrade:
                await client.turn("hi")
                await client.turn(greeting)
            else:
                await client.ask(request("hi"))
                await client.ask(request(greeting))
    assert answered
    assert [body["input"] for body in rule.requests] == ["hi"] * TIMES
    assert [body["input"][0]["content"] for body in greet.requests] == [f"greet {n}" for n in range(TIMES)]
    assert server.script[0].answered == 0
    assert not server.misses


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


async def test_what_has_to_wait_or_is_refused_is_not_played_at_once(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for _ in range(TIMES):
            await client.turn(stream_id="a")
            assert (await client.turn(temperature=3))[-1]["type"] == "error"
            assert (await client.turn(previous_response_id=[]))[-1]["type"] == "error"
            assert (await client.turn("hi", generate=False))[-1]["response"]["output"] == []
    assert not answered


async def test_what_no_rule_answers_is_improvised_at_once(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        said = [(await client.turn("beyond all rules"))[-1]["response"]["output"] for _ in range(TIMES)]
    assert len({one[0]["content"][0]["text"] for one in said}) == 1
    assert answered
    assert len(server.script.misses) == TIMES


@pytest.mark.virtual_time
async def test_a_connection_that_is_asked_now_and_then_is_kept(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server) as client:
        for _ in range(8):
            assert b" 200 " in (await client.ask(request()))[0]
            await asyncio.sleep(20 * 60)
    assert answered


@pytest.mark.virtual_time
async def test_a_connection_that_nobody_uses_for_an_hour_is_closed(answered: list[object]) -> None:
    async with MockServer(SCRIPT) as server, wire(server) as client:
        for _ in range(TIMES):
            await client.ask(request())
        assert answered
        assert await client.reader.read() == b""


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


@pytest.mark.thorough
async def test_journal_and_memory_do_not_hold_on_to_what_is_forgotten() -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for number in range(450):
            for _ in range(2):  # known from then on, until too many are
                await client.turn(f"hi {number}")
        assert len(server.journal.requests) == 900
        gc.collect()  # what other tests left
        held = sum(type(one) is Template for one in gc.get_objects())
    assert 0 < held < 100


@pytest.mark.parametrize("words", [10, 10_000])
async def test_what_is_not_answered_at_once_is_not_validated_twice(
    words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[object] = []
    read = admit.Admission.read

    def counted(self: admit.Admission, body: Any, transport: Any) -> Request:
        validated.append(body)
        return read(self, body, transport)

    monkeypatch.setattr(admit.Admission, "read", counted)
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
            broken.setattr(admit, "_check_window", lambda *_: {}[7])
            assert "failed to answer: KeyError" in await ask("hi there")
        assert "Hello" in await ask("hi there")
        odd = [{"type": "web_search_call", "id": [], "role": "user", "content": None}]
        assert "failed to answer" not in await ask(odd)  # type: ignore[arg-type]
        assert "Hello" in await ask("hi there")
