"""The journal: asked afterwards, or waited for."""

from __future__ import annotations

import asyncio
import json

import pytest
from mock_openai import MockServer, faults, reply
from mock_openai.journal import redact
from mock_openai.journal.entries import Entry
from mock_openai.journal.journal import Journal
from mock_openai.protocol.events import Event
from openai import AsyncOpenAI


def entry(kind, data, *, turn=1, at=0.0):
    return Entry(at, 1, turn, None, kind, data)


def request(text="hi", turn=1):
    return entry("request", {"method": "POST", "path": "/", "body": {"input": text}}, turn=turn)


def event(kind, data):
    return entry("event", Event(kind, data.encode()))


async def test_it_tells_what_was_said_from_what_left():
    journal = Journal()
    for one in (
        entry("open", {}, turn=None),
        request(),
        event("response.created", '{"response":{"id":"resp_1"}}'),
        event("response.output_text.delta", '{"delta":"Hel'),
        event("response.output_text.delta", '{"delta":"lo"}'),
        event(
            "response.output_item.done",
            '{"item":{"type":"function_call","call_id":"c","name":"n","arguments":"{}","status":"completed"}}',
        ),
        event(
            "response.output_item.done",
            '{"item":{"type":"function_call","call_id":"d","name":"n","arguments":"{","status":"incomplete"}}',
        ),
        event("response.incomplete", '{"response":{"id":"resp_1","status":"cancelled"}}'),
    ):
        journal.note(one)
    (said,) = journal.responses
    assert (said.id, said.text, said.status) == ("resp_1", "lo", "cancelled")
    assert said.calls == [{"call_id": "c", "name": "n", "arguments": "{}"}], (
        "a call cut off did not leave whole"
    )
    assert journal.requests == [{"input": "hi"}]
    assert journal.connections == 1
    assert len(journal.events("response.output_text.delta")) == 2


async def test_a_refusal_that_went_out_twice_or_out_of_order_was_said_once():
    journal = Journal()
    journal.note(
        request(),
        event("response.refusal.delta", '{"delta":"I am ","sequence_number":4}'),
        event("response.refusal.delta", '{"delta":"I am ","sequence_number":4}'),
        event("response.refusal.delta", '{"delta":"afraid","sequence_number":6}'),
        event("response.refusal.delta", '{"delta":"not ","sequence_number":5}'),
    )
    assert journal.responses[0].refusal == "I am afraidnot "
    for _ in range(2):
        journal.note(event("response.refusal.done", '{"refusal":"I am not afraid"}'))
    assert journal.responses[0].refusal == "I am not afraid"


async def test_a_turn_that_never_ended_has_no_status():
    journal = Journal()
    journal.note(request())
    assert journal.responses[0].status is None


async def test_one_can_wait_for_it():
    journal = Journal()
    waiting = asyncio.create_task(journal.wait(lambda journal: len(journal.requests) == 2))
    await asyncio.sleep(0)
    journal.note(request(turn=1))
    assert not waiting.done()
    journal.note(request(turn=2))
    await waiting
    await journal.wait(lambda journal: len(journal.requests) == 2)


async def test_a_predicate_that_raises_fails_its_own_wait_only():
    journal = Journal()
    waiting = asyncio.create_task(journal.wait(lambda journal: journal.requests[0]["nothing"]))
    with pytest.raises(IndexError):
        await waiting
    journal.note(request())
    assert len(journal.requests) == 1


async def test_the_oldest_entries_are_forgotten_beyond_the_limit():
    journal = Journal(limit=100)
    for number in range(1000):
        journal.note(request(str(number)))
    assert 100 <= len(journal.entries) <= 125
    assert journal.requests[-1] == {"input": "999"}


def test_secrets_are_struck_out():
    headers = redact.headers(
        [
            ("Authorization", "Bearer sk-1"),
            ("Cookie", "a=b"),
            ("X-Api-Key", "k"),
            ("OpenAI-Organization", "org-1"),
            ("Sec-WebSocket-Protocol", "openai-insecure-api-key.sk-1"),
            ("X-Note", "the key is sk-ab12cd34ef56gh78, or Bearer xyz0123456789"),
            ("User-Agent", "me"),
            ("Sec-WebSocket-Key", "harmless"),
        ]
    )
    assert headers["user-agent"] == "me"
    assert headers["sec-websocket-key"] == "harmless"
    assert headers["x-note"] == "the key is sk-[redacted], or Bearer [redacted]"
    assert {
        value for name, value in headers.items() if name not in ("user-agent", "sec-websocket-key", "x-note")
    } == {"[redacted]"}
    assert redact.path("/v1/x?api_key=secret&limit=2") == "/v1/x?api_key=[redacted]&limit=2"
    body = {"tools": [{"type": "mcp", "authorization": "t", "headers": {"a": "b"}}, {"type": "function"}]}
    assert json.loads(bytes(redact.body(body)))["tools"] == [
        {"type": "mcp", "authorization": "[redacted]", "headers": "[redacted]"},
        {"type": "function"},
    ]
    assert body["tools"][0]["authorization"] == "t", "the request itself is left alone"


@pytest.mark.parametrize("fault", ["duplicate", "drop"])
async def test_a_doubled_delta_is_said_once_and_a_dropped_one_is_said_by_the_event_that_has_it_all(
    fault: str,
) -> None:
    plan = [getattr(faults.at(event="response.output_text.delta", nth=2), fault)()]
    async with (
        MockServer(script=[reply("one two three")], faults=plan) as server,
        AsyncOpenAI(api_key="any", base_url=server.base_url) as client,
    ):
        stream = await client.responses.create(model="gpt-4.1", input="Count.", stream=True)
        deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
    (said,) = server.journal.responses
    assert "".join(deltas) == {"duplicate": "one two two three", "drop": "one three"}[fault]
    assert said.text == {"duplicate": "one two three", "drop": "one three"}[fault]
    assert said.words == "one two three"


def test_a_call_whose_end_cannot_be_read_left_with_its_arguments():
    item = '{"type":"function_call","call_id":"call_1","name":"look_up","arguments":""}'
    journal = Journal()
    journal.note(
        request(),
        event("response.output_item.added", f'{{"output_index":0,"item":{item}}}'),
        event("response.function_call_arguments.done", '{"output_index":0,"arguments":"{}"}'),
        event("response.output_item.done", '{"output_index":0,"it'),
    )
    (said,) = journal.responses
    assert said.calls == [{"call_id": "call_1", "name": "look_up", "arguments": "{}"}]


def test_the_end_of_one_message_does_not_stand_for_another():
    journal = Journal()
    journal.note(
        request(),
        event("response.output_text.delta", '{"output_index":0,"content_index":0,"delta":"One. "}'),
        event("response.output_text.delta", '{"output_index":1,"content_index":0,"delta":"Two"}'),
        event("response.output_text.done", '{"output_index":1,"content_index":0,"text":"Two."}'),
    )
    (said,) = journal.responses
    assert said.words == "One. Two."


def test_what_is_written_to_a_silent_connection_was_not_said():
    """Another turn on the same socket goes on after the connection went dark: nobody hears its end."""
    journal = Journal()
    journal.note(
        request(),
        event("response.output_text.delta", '{"delta":"Hello"}'),
        entry("close", {"by": "fault", "how": "half_open"}, turn=None),
        event("response.output_text.delta", '{"delta":" there"}'),
        event("response.completed", '{"response":{"id":"resp_1","status":"completed","output":[]}}'),
    )
    (said,) = journal.responses
    assert (said.text, said.status, said.ended) == ("Hello", None, None)


def test_a_delta_that_came_again_behind_another_was_said_once():
    journal = Journal()
    journal.note(
        request(),
        *(
            event("response.output_text.delta", f'{{"delta":"{text}","sequence_number":{number}}}')
            for number, text in ((4, "a"), (5, "b"), (4, "a"))
        ),
    )
    (said,) = journal.responses
    assert said.text == "ab"
