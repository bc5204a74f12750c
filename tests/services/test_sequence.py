"""However a server numbers its events and whatever stands between them: every word is said once, in order.

The streams here are whole: nothing was lost on the way. What differs is the numbering, which events came
again, and which foreign events stand between them.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ninelives import Bot
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService
from pipecat_responses.sequence import Sequence as NumbersSeen
from pipecat_responses.steps import Call, Finished, Say
from pipecat_responses.stream import ResponseStream
from pipecat_responses.text import TextDelta, read_event, write_json
from websockets.asyncio.server import ServerConnection

from .bare_http import http, http_server, sse
from .test_older_servers import server

Event = dict[str, Any]
Insert = tuple[int, str]
"""What happens before the event at a position: `again 2` repeats the event two before it, and so on."""

EQUAL = ("Take ", "Take ", "the ", "the ", "bus.")
DISTINCT = ("Take ", "the ", "next ", "red ", "bus.")
PLACE = {"output_index": 0, "content_index": 0}
CALL = {"id": "fc", "type": "function_call", "name": "f", "call_id": "c", "arguments": '{"a": 1}'}


def answer(words: Sequence[str], *, obfuscated: bool = False) -> list[Event]:
    """The events of an answer with a text and a call, without numbers."""
    deltas: list[Event] = [
        {"type": "response.output_text.delta", **PLACE, "delta": word}
        | ({"obfuscation": f"pad{number}"} if obfuscated else {})
        for number, word in enumerate(words)
    ]
    message = {"type": "message", "content": [{"type": "output_text", "text": "".join(words)}]}
    call = {"output_index": 1, "item_id": "fc"}
    return [
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.in_progress", "response": {"id": "resp_1"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "m"}},
        {"type": "response.content_part.added", **PLACE},
        *deltas,
        {"type": "response.output_text.done", **PLACE, "text": "".join(words)},
        {"type": "response.output_item.added", "output_index": 1, "item": {**CALL, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", **call, "delta": '{"a"'},
        {"type": "response.function_call_arguments.delta", **call, "delta": ": 1}"},
        {"type": "response.function_call_arguments.done", **call, "arguments": '{"a": 1}'},
        {"type": "response.output_item.done", "output_index": 1, "item": CALL},
        {"type": "response.completed", "response": {"id": "resp_1", "output": [message, CALL]}},
    ]


def two_messages(words: Sequence[str]) -> list[Event]:
    """The events of an answer in two messages that both have these words, without numbers."""
    text = "".join(words)
    items = [
        {"type": "message", "id": f"m{n}", "content": [{"type": "output_text", "text": text}]} for n in (0, 1)
    ]
    events: list[Event] = [{"type": "response.created", "response": {"id": "resp_1"}}]
    for index, item in enumerate(items):
        place = {"output_index": index, "content_index": 0, "item_id": item["id"]}
        events += [
            {"type": "response.output_item.added", "output_index": index, "item": {**item, "content": []}},
            *({"type": "response.output_text.delta", **place, "delta": word} for word in words),
            {"type": "response.output_text.done", **place, "text": text},
            {"type": "response.output_item.done", "output_index": index, "item": item},
        ]
    return [*events, {"type": "response.completed", "response": {"id": "resp_1", "output": items}}]


def sent(inserts: Sequence[Insert], *, obfuscated: bool = False, messages: int = 1) -> list[Event]:
    """The answer as it arrives, numbered from 0, with what happens before each position.

    If the count restarts more than once, no two words are equal: the same word twice under the same number is
    a repetition, and nothing could tell it from a word that the model says twice.
    """
    words = DISTINCT if sum(what == "restart" for _, what in inserts) > 1 else EQUAL
    stream: list[Event] = []
    numbered: list[Event] = []
    number = 0
    events = answer(words, obfuscated=obfuscated) if messages == 1 else two_messages(words)
    for position, event in enumerate(events):
        for _, what in (one for one in inserts if one[0] == position):
            match what.split():
                case ["again", back] if int(back) <= len(numbered):
                    stream.append(numbered[-int(back)])
                case ["keepalive", "own"]:
                    stream.append({"type": "keepalive", "sequence_number": number})
                    number += 1
                case ["keepalive", shared]:
                    stream.append({"type": "keepalive", "sequence_number": number + int(shared)})
                case ["unknown"]:
                    stream.append({"type": "response.unheard_of", "sequence_number": 7})
                case ["unnumbered"]:
                    stream.append({"type": "rate_limits.updated"})
                case ["restart"]:
                    number = 0
                case ["jump"]:
                    number += 50
        numbered.append({**event, "sequence_number": number})
        stream.append(numbered[-1])
        number += 1
    return stream


def is_whole(events: Sequence[Event]) -> bool:
    """Whether the text was said once and as a whole, and the call, if there is one, may run once."""
    stream = ResponseStream()
    steps = [step for event in events for step in stream.feed(event)]
    stream = ResponseStream()
    as_read = [read_event(write_json(event)) for event in events]
    assert [step for event in as_read if event is not None for step in stream.feed(event)] == steps
    end = steps[-1]
    assert isinstance(end, Finished), f"{end} at the end of {events}"
    said = "".join(step.text for step in steps if isinstance(step, Say))
    texts = [item["content"][0]["text"] for item in end.output if item["type"] == "message"]
    calls = [Call("c", "f", {"a": 1})] if CALL in end.output else []
    return said == "".join(texts) and end.calls == calls


HAPPENINGS = (
    "again 1",
    "again 2",
    "again 5",
    "keepalive own",
    "keepalive 0",
    "keepalive -1",
    "unknown",
    "unnumbered",
    "restart",
    "jump",
)
PLACES = range(len(answer(EQUAL)))
INSERTS = [(place, what) for place in PLACES for what in HAPPENINGS]


@pytest.mark.parametrize("obfuscated", [False, True], ids=["plain", "obfuscated"])
def test_whatever_happens_once_takes_nothing_away_and_adds_nothing(obfuscated: bool) -> None:
    for insert in INSERTS:
        assert is_whole(sent([insert], obfuscated=obfuscated)), insert


@pytest.mark.parametrize("what", HAPPENINGS)
def test_whatever_happens_before_and_after_it(what: str) -> None:
    """Every pair, at the same event and at different ones."""
    for place, other in itertools.product(PLACES, INSERTS):
        inserts = [(place, what), other]
        assert is_whole(sent(inserts)), inserts


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(INSERTS), min_size=3, max_size=8), st.booleans())
def test_any_number_of_them(inserts: list[Insert], obfuscated: bool) -> None:
    assert is_whole(sent(inserts, obfuscated=obfuscated))


SIX = st.lists(st.sampled_from([*HAPPENINGS, ""]), min_size=6, max_size=6)
"""What happens before each of six events in a row."""


@settings(max_examples=400, deadline=None)
@given(SIX, st.integers(0, len(answer(EQUAL)) - 6), st.sampled_from([1, 2]))
def test_any_six_of_them_in_a_row(six: list[str], start: int, messages: int) -> None:
    assert is_whole(sent([(start + at, what) for at, what in enumerate(six)], messages=messages))


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_the_same_through_a_whole_service(kind: str) -> None:
    """A hundred answers in one call, with six happenings in a row in each."""
    draw = random.Random(12)
    streams = []
    for _ in range(100):
        start = draw.randrange(len(two_messages(EQUAL)) - 6)
        inserts = [(start + at, draw.choice(HAPPENINGS)) for at in range(6)]
        streams.append(sent(inserts, messages=2))
    rest = iter(streams)

    async def over_http(writer: asyncio.StreamWriter) -> None:
        writer.write(http(sse(*next(rest))))

    async def over_websocket(socket: ServerConnection, body: dict[str, Any]) -> None:
        for event in next(rest):
            await socket.send(write_json({**event, "stream_id": body["stream_id"]}).decode())

    at = http_server(over_http) if kind == "http" else server(over_websocket)
    async with at as (url, _):
        service: Any = (
            OpenAIResponsesHttpLLMService(api_key="k", base_url=url)
            if kind == "http"
            else OpenAIResponsesLLMService(api_key="k", ws_url=url, warm_up=False)
        )
        async with Bot(service) as bot:
            for events in streams:
                turn = await bot.say("hello")
                whole = "".join(item["content"][0]["text"] for item in events[-1]["response"]["output"])
                assert (turn.text, turn.errors) == (whole, []), events


@pytest.mark.parametrize("number", [30, 5_000, 10**9, -7])
@pytest.mark.parametrize("messages", [1, 2])
def test_one_number_that_is_far_off_costs_no_word(number: int, messages: int) -> None:
    """The events behind it look late; those that have a whole text or call count all the same."""
    events = sent([], messages=messages)
    for place, event in enumerate(events):
        stream = [*events[:place], {**event, "sequence_number": number}, *events[place + 1 :]]
        assert is_whole(stream), place


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_an_event_that_comes_late_says_nothing_however_often_it_comes(copies: int) -> None:
    """Later events overtake one event, which then comes several times, at once or at different moments."""
    events = sent([])
    for place in range(4, len(events) - 1):
        before, late, behind = events[:place], events[place], events[place + 1 :]
        for gaps in itertools.combinations_with_replacement(range(1, len(behind)), copies):
            stream = list(behind)
            for gap in reversed(gaps):
                stream.insert(gap, late)
            assert is_whole([*before, *stream]), (late, gaps)


def test_a_repeated_event_is_known_by_its_number_whatever_padding_it_has() -> None:
    events = sent([], obfuscated=True)
    again = {**events[5], "obfuscation": "other"}
    assert is_whole([*events[:6], again, *events[6:]])


def test_equal_words_of_a_server_with_one_number_for_all_are_all_said() -> None:
    events = [{**event, "sequence_number": 0} for event in answer(EQUAL)]
    assert is_whole(events)


ONE_DELTA = {"type": "response.output_text.delta", "sequence_number": 4, **PLACE, "delta": "the "}
OTHER_DELTAS = [
    ONE_DELTA,
    {name: ONE_DELTA[name] for name in reversed(ONE_DELTA)},
    {**ONE_DELTA, "obfuscation": "pad"},
    {**ONE_DELTA, "delta": "next "},
    {**ONE_DELTA, "output_index": 1},
    {**ONE_DELTA, "type": "response.refusal.delta"},
    {**ONE_DELTA, "delta": None},
]


@pytest.mark.parametrize("first", OTHER_DELTAS)
@pytest.mark.parametrize("second", OTHER_DELTAS)
def test_a_delta_is_known_again_however_it_is_written(first: Event, second: Event) -> None:
    """A delta in the API's own order of fields is read in another way than one in any other order."""
    same = all(first.get(name) == second.get(name) for name in ONE_DELTA)
    numbers = NumbersSeen()
    for event in (*({"type": "x", "sequence_number": n} for n in range(4)), first, {"sequence_number": 5}):
        read = read_event(write_json(event))
        assert read is not None
        assert numbers.take(read) == "next"
    read = read_event(write_json(second))
    assert read is not None
    assert numbers.take(read) == ("repeated" if same else "next")


def test_deltas_as_the_api_writes_them_take_the_short_way() -> None:
    assert isinstance(read_event(write_json(ONE_DELTA)), TextDelta)
    assert isinstance(read_event(write_json(OTHER_DELTAS[1])), dict)
    assert isinstance(read_event(b'{"type":"response.output_text.delta","delta":"\\ud83d"}'), dict)


@pytest.mark.parametrize("at", [b"obfuscation", b"logprobs", b'"delta"'])
def test_a_delta_that_is_no_utf_8_is_not_read(at: bytes) -> None:
    """Wherever the spoiled bytes are, even in a field that nobody looks at."""
    whole = write_json({**ONE_DELTA, "delta": "é", "obfuscation": "xyz", "logprobs": ["a"]})
    assert isinstance(read_event(whole), TextDelta)
    place = whole.index(at) + len(at) + 4
    assert read_event(whole[:place] + b"\xff" + whole[place:]) is None


@pytest.mark.parametrize(
    "begins",
    [
        b"[",
        b'{"type":"response.created","a":',
        b'{"type":"response.output_text.delta","delta":"x","a":',
        b'{"a":"\\ud83d","b":',
    ],
)
def test_an_event_that_is_nested_too_deeply_cannot_be_read(begins: bytes) -> None:
    assert read_event(begins + b"[" * 100_000) is None
