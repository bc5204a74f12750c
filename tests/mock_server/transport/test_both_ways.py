"""Whatever is asked, what is answered at once and what takes the usual way are the same."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import MockServer, faults

from .bytewise import SCRIPT, TIMES, request, wire

pytestmark = pytest.mark.usefixtures("at_one_moment")


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


async def test_both_ways_say_the_same_in_a_session(answered: list[object]) -> None:
    async def talk(server: MockServer) -> Any:
        async with wire(server, upgrade=True, headers="x-mock-session: mine\r\n") as client:
            return [await client.turn("hi") for _ in range(TIMES)]

    await both_ways(talk, answered)
