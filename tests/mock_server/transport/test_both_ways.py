"""A plan that is played at once and the same plan played event by event say the same: bytes, journal, memory
and metrics.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import Limits, MockServer, Reply, Text, faults
from mock_openai.journal.journal import Journal
from mock_openai.responders.base import Turn
from mock_openai.responders.rule import Rule
from mock_openai.responders.when import When

from .bytewise import SCRIPT, TIMES, request, wire

pytestmark = pytest.mark.usefixtures("at_one_moment")


def noted(server: MockServer) -> list[tuple[Any, ...]]:
    return noted_in(server.journal)


def noted_in(journal: Journal) -> list[tuple[Any, ...]]:
    return [(entry.connection, entry.turn, entry.lane, entry.kind, entry.data) for entry in journal.entries]


async def said(
    planned: list[Any], talk: Callable[[MockServer], Any], script: Any = SCRIPT, **options: Any
) -> tuple[Any, list[Any], Any]:
    if callable(script):
        script = script()  # rules count
    async with MockServer(script, faults=planned, **options) as server:
        heard = await talk(server)
        samples = server._own.state.metrics.samples()
        return heard, noted(server), samples


def never() -> list[Any]:
    """A fault that never happens, but makes the server play every plan event by event."""
    return [faults.at(turn=10**6).reset()]


def counted(samples: list[Any]) -> list[Any]:
    return [one for one in samples if one[0] not in ("turn_seconds_sum", "turn_seconds_bucket")]


async def both_ways(
    talk: Callable[[MockServer], Any], answered: list[object], script: Any = SCRIPT, **options: Any
) -> Any:
    """Let a talk take place event by event and at once, and give what was heard both times."""
    usual, entries, samples = await said(never(), talk, script, **options)
    assert not answered
    heard, also_entries, also_samples = await said([], talk, script, **options)
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
    assert len(answered) >= len(heard) - 3, "only the first of a kind is played event by event"
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


async def test_both_ways_say_the_same_in_a_session(answered: list[object]) -> None:
    async def talk(server: MockServer) -> Any:
        async with wire(server, upgrade=True, headers="x-mock-session: mine\r\n") as client:
            heard = [await client.turn("hi") for _ in range(TIMES)]
            return heard, noted_in(server.session("mine").journal), server.journal.requests

    await both_ways(talk, answered)


class From(When):
    """A condition of a test's own: who asks, over what, and for the how manieth time."""

    def failures(self, turn: Turn, *heard: Any) -> Iterator[str]:
        yield from super().failures(turn, *heard)
        asked = f"{turn.key} {turn.headers.get('X-Client')} {turn.connection} {turn.session}"
        if asked != "sk-one here 1 None" or turn.number % 3 == 0:
            yield f"from: {asked}, {turn.number}"


@pytest.mark.parametrize("upgrade", [False, True])
async def test_conditions_of_ones_own_see_the_whole_turn(upgrade: bool, answered: list[object]) -> None:
    headers = "Authorization: Bearer sk-one\r\nX-Client: here\r\n"

    async def talk(server: MockServer) -> Any:
        heard: list[Any] = []
        async with wire(server, upgrade=upgrade, headers=headers) as client:
            for text in ("hi", "hi", "hi", "hi", "hi", "hi there", "hi you", "hi"):
                asked = request(text, headers=headers)
                heard.append(await client.turn(text) if upgrade else await client.ask(asked))
        return heard

    script = lambda: [Rule(Reply((Text("You!"),)), From()), *SCRIPT]  # noqa: E731
    heard = await both_ways(talk, answered, script)
    assert ["You!" in str(one) for one in heard] == [number % 3 != 0 for number in range(1, 9)]


def rules_that_count() -> list[Any]:
    counted = iter(range(1000))

    async def later(turn: Turn) -> str | None:
        await asyncio.sleep(0)
        return (
            f"{next(counted)}: {turn.key} {turn.number} {len(turn.history)}"
            if "f" in str(turn.body)
            else None
        )

    once = {"when": {"user": "hi"}, "reply": "Only twice.", "times": 2}
    return [once, later, *SCRIPT]


async def test_rules_that_count_or_are_functions_answer_each_turn_once(answered: list[object]) -> None:
    async def talk(server: MockServer) -> Any:
        async with wire(server, upgrade=True) as client:
            heard = [await client.turn(text) for text in ("hi", "hi", "hi", "f", "f", "no", "no", "hi")]
        return heard, [(rule.answered, rule.requests) for rule in server.script.rules], server.script.misses

    usual = await said(never(), talk, rules_that_count)
    at_once = await said([], talk, rules_that_count)
    assert answered, "the first two are played at once"
    assert at_once[:2] == usual[:2]
    assert [rule[0] for rule in at_once[0][1]][:3] == [2, 2, 0]


@pytest.mark.parametrize("way", ["json", "sse", "websocket"])
async def test_limits_count_each_turn_once(way: str, answered: list[object]) -> None:
    def without_times(said: Any) -> str:
        return re.sub(r"(reset-\w+\W+)[\dms.]+|(remaining-tokens\W+)\d+", r"\1\2", str(said))

    async def talk(server: MockServer) -> Any:
        async with wire(server, upgrade=way == "websocket") as client:
            if way == "websocket":
                return without_times([await client.turn() for _ in range(TIMES)])
            return without_times([await client.ask(request(stream=way == "sse")) for _ in range(TIMES)])

    heard = await both_ways(talk, answered, limits=Limits(rpm=4))
    assert heard.count("Rate limit reached") == 1
    if way != "websocket":
        assert re.findall(r"remaining-requests: (\d+)", heard) == ["3", "2", "1", "0", "0"]


async def test_a_plan_that_waits_is_made_once(answered: list[object]) -> None:
    """Over HTTP aiohttp reads the request again; what was counted and noted is not counted twice."""
    script = lambda: [{"when": {"user": "^hi"}, "reply": "Hello."}, lambda turn: f"{turn.number}"]  # noqa: E731

    async def talk(server: MockServer) -> Any:
        async with wire(server) as client:
            heard = [
                await client.ask(request(text)) for text in ("hi", "hi", "what", "what", "hi", "new", "hi")
            ]
        return heard, [rule.answered for rule in server.script.rules]

    _, answered_by = await both_ways(talk, answered, script)
    assert answered_by == [4, 3]
