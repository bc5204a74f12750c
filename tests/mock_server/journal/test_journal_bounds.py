"""The journal within its bounds: in bytes, of single bodies, and against whoever edits what it hands out."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import sys
import tracemalloc
from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer, Text, faults, reply
from mock_openai.journal import event_redaction
from mock_openai.journal.budget import JournalBudget
from mock_openai.journal.entries import Entry
from mock_openai.journal.event_redaction import EventRedaction
from mock_openai.journal.journal import Journal
from mock_openai.protocol.events import Event
from mock_openai.transport.body import LARGE_BODY

LONG = "Be brief and kind. " * 5_000
ASK = {"model": "gpt-4o", "input": "hi"}


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(http: aiohttp.ClientSession, server: MockServer, **fields: Any) -> dict[str, Any]:
    headers = fields.pop("headers", {})
    async with http.post(f"{server.base_url}/responses", json={**ASK, **fields}, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        told = await answer.text()
        return {} if fields.get("stream") else json.loads(told)


def deep_size(of: object) -> int:
    """The bytes of an object and of all that it alone leads to, each counted once."""
    seen: dict[int, object] = {}
    left = [of]
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen[id(one)] = one
        left += gc.get_referents(one)
    return sum(map(sys.getsizeof, seen.values()))


async def test_many_turns_with_long_instructions_stay_within_the_bound(http):
    bound = 3_000_000
    async with MockServer(journal_bytes=bound) as server:
        for number in range(40):
            await ask(http, server, instructions=f"{number} {LONG}", stream=number % 2 == 0)
            assert server.journal.bytes <= bound
            assert server.journal.requests[-1]["instructions"].startswith(f"{number} ")
        assert deep_size(server.journal.entries) <= bound * 1.1
        assert 1 < len(server.journal.requests) < 20, "only the newest are kept"
        assert server.journal.end > 40 * 5, "what is forgotten stays counted"
        async with http.get(server.base_url.replace("/v1", "/__mock__/metrics")) as answer:
            assert 'mock_openai_turns_total{ended="completed"} 40' in await answer.text()


async def test_what_is_shown_without_secrets_counts_too(http):
    bound = 2_000_000
    async with MockServer([reply("password: Zq8rW3xK7mP2vL9t4yB6 " * 10)], journal_bytes=bound) as server:
        for number in range(12):
            asked = f"{number} my password is Zq8rW3xK7mP2vL9t4yB6. {LONG[:50_000]}"
            await ask(http, server, instructions=asked, stream=number % 2 == 0)
            assert "Zq8r" not in str(server.journal.entries[-1])
            assert server.journal.bytes <= bound
        assert deep_size(server.journal.entries) <= bound * 1.2
        assert len(server.journal.requests) > 1
        server.journal.clear()
        assert server.journal.bytes == 0


async def test_repeated_turns_are_counted_as_if_they_had_been_looked_at(http):
    async with MockServer([reply("One two three. " * 20)], journal_bytes=500_000) as server:
        for _ in range(60):
            await ask(http, server, stream=True)
        unseen = server.journal.bytes
        assert deep_size(server.journal.entries) <= 500_000 * 1.1
        assert server.journal.bytes == pytest.approx(unseen, rel=0.05)
        kept = len(server.journal.entries)
        assert kept == server.journal.end - server.journal.first
        assert len(list(server.journal.since(0))) == kept


async def test_sessions_share_the_bound_and_the_largest_gives_way(http):
    bound = 2_000_000
    async with MockServer(journal_bytes=bound) as server:
        await ask(http, server, headers={"x-mock-session": "small"})
        for number in range(30):
            await ask(http, server, instructions=LONG, headers={"x-mock-session": f"large-{number % 3}"})
        journals = [server.session(name).journal for name in server.sessions]
        assert sum(journal.bytes for journal in journals) <= bound
        assert len(server.session("small").journal.requests) == 1
        server.forget("large-0")
        del journals
        gc.collect()
        for number in range(30):
            await ask(http, server, instructions=LONG, headers={"x-mock-session": f"large-{number % 3}"})
        assert sum(server.session(name).journal.bytes for name in server.sessions) <= bound


async def test_of_a_large_body_size_digest_and_beginning_are_kept(http):
    async with MockServer(journal_body_bytes=10_000, faults=[faults.at(turn=3).overloaded()]) as server:
        made = await ask(http, server, instructions=LONG)
        streamed = await ask(http, server, instructions=LONG, stream=True)
        assert streamed == {}
        assert server.journal.bytes < 60_000
        [first, _] = server.journal.requests
        written = json.dumps({**ASK, "instructions": LONG}, separators=(",", ":")).encode()
        assert first["cut"] == {
            "bytes": len(written),
            "sha256": hashlib.sha256(written).hexdigest(),
            "beginning": written[:1024].decode(),
        }
        with pytest.raises(KeyError, match=r"'input': this body has \d+ bytes.*journal_body_bytes"):
            first["input"]
        said, also = server.journal.responses
        assert said.id == made["id"]
        assert [one.status for one in (said, also)] == ["completed", "completed"]
        assert also.text, "deltas are small, and kept"
        assert also.words == also.text
        last = json.loads(server.journal.events("response.completed")[-1].data)
        assert last["response"] == {"id": also.id, "status": "completed"}
        assert last["cut"]["bytes"] > len(LONG)
        async with http.get(server.base_url.replace("/v1", "/__mock__/journal?kind=request")) as answer:
            assert (await answer.json())[0]["data"]["body"]["cut"]["bytes"] == len(written)
        async with http.get(server.base_url.replace("/v1", "/__mock__/metrics")) as answer:
            told = await answer.text()
        assert 'mock_openai_turns_total{ended="completed"} 2' in told
        assert 'mock_openai_events_total{type="response.completed"} 2' in told


@pytest.mark.parametrize("data", ["{", "[1]", '"x"', '{"type": 7}', "{" * 10_000, '{"response": {}}'])
def test_a_large_event_may_be_broken(data):
    journal = Journal(budget=JournalBudget(longest=5))
    journal.note(Entry(0.0, 1, 1, None, "event", Event("odd", data.encode().ljust(6))))
    assert json.loads(journal.events()[0].data)["cut"]["bytes"] >= 6
    assert journal.responses == []


async def test_a_reset_gives_the_memory_back(http):
    async with MockServer([reply("Fine.")]) as server:
        await ask(http, server, instructions=LONG)
        await server.reset()
        gc.collect()
        tracemalloc.start()
        try:
            for number in range(20):
                await ask(http, server, instructions=f"{number} {LONG}", stream=number % 2 == 0)
                await ask(http, server, input=f"{number} " + "word " * 1_000)
            held = tracemalloc.get_traced_memory()[0]
            await server.reset()
            gc.collect()
            left = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert held > 20 * len(LONG)
        assert left < 2 * len(LONG)
        assert server.journal.bytes == 0
        assert server.script[0].answered == 41
        assert server.script[0].requests == []


async def test_a_rule_keeps_the_latest_requests_within_a_bound(http, monkeypatch):
    monkeypatch.setattr("mock_openai.responders.handle.KEPT_BYTES", 3 * len(LONG))
    async with MockServer([reply("Fine.")]) as server:
        for number in range(6):
            await ask(http, server, instructions=f"{number} {LONG}")
        kept = [request["instructions"].split()[0] for request in server.script[0].requests]
        assert kept == ["4", "5"]
        assert server.script[0].answered == 6


async def test_whoever_asks_gets_copies_at_every_depth(http):
    given: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]
    async with MockServer([reply("Fine.")], faults=[faults.at(turn=9).reset()]) as server:

        def asked() -> list[Any]:
            opened = next(entry for entry in server.journal.entries if entry.kind == "open")
            noted = [entry.data for entry in server.journal.entries if entry.kind == "request"]
            return [
                *(request["input"][0] for request in server.journal.requests),
                *(said.request["input"][0] for said in server.journal.responses),
                *(data["body"]["input"][0] for data in noted),  # type: ignore[index]
                *(request["input"][0] for request in server.script[0].requests),
                next(iter(server.journal.since(1))).data["body"]["input"][0],  # type: ignore[index]
                opened.data["headers"],  # type: ignore[index]
            ]

        for _ in range(3):  # the same bytes are answered from what is known of them
            await ask(http, server, input=given)
            before = json.dumps(asked())
            for one in asked():
                if "content" in one:
                    one["content"][0]["text"] = "edited"
                one.clear()
            assert json.dumps(asked()) == before
        made = await ask(http, server, input=given)
        async with http.get(f"{server.base_url}/responses/{made['id']}/input_items") as answer:
            assert (await answer.json())["data"][0]["content"][0]["text"] == "hi"


async def test_entries_stay_as_they_were_when_they_were_asked_for(http):
    async with MockServer(journal_limit=40) as server:
        await ask(http, server)
        before = server.journal.entries
        told = list(before)
        for _ in range(20):
            await ask(http, server, stream=True)
        assert list(before) == told
        assert before[-1] == told[-1]
        assert before[1:3] == told[1:3]
        assert before == told
        await server.reset()
        assert (len(before), len(server.journal.entries)) == (len(told), 0)


@pytest.mark.parametrize("name", ["journal_bytes", "journal_body_bytes"])
def test_a_bound_is_a_number_of_bytes(name):
    with pytest.raises(ValueError, match=rf"^{name}: expected a limit of at least 1 byte, not 0"):
        MockServer(**{name: 0})


def test_a_reader_keeps_the_entries_that_the_journal_forgets():
    journal = Journal(limit=100)
    journal.note(*[Entry(float(at), 1, 1, None, "fault", {"fault": "x"}) for at in range(100)])
    held, first = journal.entries, journal.first
    for at in range(100, 400):
        journal.note(Entry(float(at), 1, 1, None, "fault", {"fault": "x"}))
    assert (first, [entry.at for entry in held]) == (0, [float(at) for at in range(100)])
    assert journal.first >= 299
    assert [entry.at for entry in journal.entries] == [float(at) for at in range(journal.first, 400)]


@pytest.mark.parametrize("size", [2_000, LARGE_BODY + 1], ids=["small", "large"])
async def test_what_is_cut_is_cut_once_however_little_is_kept(http, size):
    asked, said = "\x01" * 1_000 + "x" * size, "word " * 2_000
    fields = {"input": asked, "truncation": "auto"}
    async with MockServer([reply(Text(said, deltas=1))], journal_body_bytes=100) as server:
        await ask(http, server, **fields, stream=True)
        async with http.ws_connect(server.ws_url) as socket:
            await socket.send_str(json.dumps({"type": "response.create", **ASK, **fields}))
            while json.loads((await socket.receive()).data)["type"] != "response.completed":
                pass
        for body, more in zip(server.journal.requests, ({"stream": True}, {}), strict=True):
            written = json.dumps({**ASK, **fields, **more}, separators=(",", ":")).encode()
            assert body["cut"]["sha256"] == hashlib.sha256(written).hexdigest()
        for event in server.journal.events("response.output_text.delta"):
            beginning = json.loads(event.data)["cut"]["beginning"]
            assert '"delta":"word word ' in beginning


async def test_an_entry_is_searched_for_secrets_once_however_many_ask_at_once(monkeypatch):
    took: list[int] = []
    take = EventRedaction.take
    asking, go_on = asyncio.Event(), asyncio.Event()

    def taking(self: EventRedaction, number: int, entry: Any) -> None:
        took.append(number)
        take(self, number, entry)

    async def held(work: Any, *given: Any) -> Any:
        asking.set()
        await go_on.wait()
        return work(*given)

    monkeypatch.setattr(EventRedaction, "take", taking)
    monkeypatch.setattr(event_redaction, "in_thread", held)
    journal = Journal()
    large = Event("odd", json.dumps({"type": "odd", "text": "much " * 20_000}).encode())
    for _ in range(300):
        journal.note(Entry(0.0, 1, 1, None, "event", large))
    looking = asyncio.create_task(journal.look())
    await asking.wait()
    assert len(journal.entries) == 300
    go_on.set()
    await looking
    journal.note(Entry(0.0, 1, 1, None, "event", large))
    assert len(journal.entries) == 301
    assert took == list(range(301))
