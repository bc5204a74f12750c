"""Ending a response early, in good order: what was open is closed with what it had."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import ApiError, Call, Reasoning, Refusal, Reply, Text
from mock_openai.protocol.events import Opened, stream_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.request import parse_request
from mock_openai.protocol.response import open_response
from mock_openai.turn import ending as endings

REPLY = Reply(
    (
        Reasoning(summary=("First this.", "Then that.")),
        Text("It is 21 degrees in Paris."),
        Refusal("I would rather not."),
        Call("look", '{"at":"the sky"}'),
    )
)


def told(reply=REPLY, **fields):
    body = {"model": "gpt-5", "input": "hi", "reasoning": {"summary": "auto"}, **fields}
    request = parse_request(body, transport="websocket")
    random_source = RandomSource("0")
    ids = Ids(random_source, lambda: 0.0)
    response = open_response(request, id=ids.response(), created_at=0)
    opened = Opened(
        request=request, response=response, ids=ids, random_source=random_source, clock=lambda: 0.0
    )
    return list(stream_events(reply, opened))


EVENTS = told()


def parsed(events):
    return [json.loads(event.data) for event in events]


@given(st.integers(1, len(EVENTS) - 1))
@settings(max_examples=len(EVENTS))
def test_wherever_it_is_cut_everything_that_was_opened_is_closed(cut):
    events = parsed([*EVENTS[:cut], *endings.incomplete(EVENTS[:cut], "max_output_tokens")])
    kinds = [event["type"] for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done")
    assert kinds.count("response.content_part.added") == kinds.count("response.content_part.done")
    ending = events[-1]["response"]
    assert (events[-1]["type"], ending["status"]) == ("response.incomplete", "incomplete")
    assert ending["output"] == [event["item"] for event in events if event["type"].endswith("item.done")]
    for event in events:
        assert list(event)[1:] == sorted(list(event)[1:]), "keys are in the observed order"
    said = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    parts = [part for item in ending["output"] for part in item.get("content", ())]
    assert said == "".join(part["text"] for part in parts if part["type"] == "output_text")


def test_a_failure_is_an_error_event_and_response_failed():
    error, failed = parsed(endings.failed(EVENTS[:6], ApiError("Oh.", status=500, type="t", code="c")))
    assert error == {
        "type": "error",
        "sequence_number": 6,
        "error": {"type": "t", "code": "c", "message": "Oh.", "param": None},
    }
    assert failed["response"]["error"] == {"code": "c", "message": "Oh."}
    assert (failed["response"]["status"], failed["response"]["output"]) == ("failed", [])


def test_a_cancelled_response_has_no_output():
    (last,) = parsed(endings.cancelled(EVENTS[:6]))
    assert (last["type"], last["response"]["status"], last["response"]["output"]) == (
        "response.incomplete",
        "cancelled",
        [],
    )


@pytest.mark.parametrize("ending", [endings.cancelled, lambda sent: endings.incomplete(sent, "steered")])
def test_the_lane_is_named_to_the_end(ending):
    sent = told(stream_id="lane-7")[:6]
    assert {event.get("stream_id") for event in parsed(ending(sent))} == {"lane-7"}
