"""Events with a value of another type in any place: each is read or dropped, and none raises an exception."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from ninelives import Bot
from pipecat_responses import OpenAIResponsesLLMService
from pipecat_responses.request import output_text
from pipecat_responses.steps import Broken, Failed, Finished, Incomplete, Step
from pipecat_responses.stream import ResponseStream
from pipecat_responses.text import read_event, write_json
from websockets.asyncio.server import ServerConnection

from .test_older_servers import answer_to, server, speak
from .test_sequence import EQUAL, answer

Event = dict[str, Any]
Path = tuple[str | int, ...]

ANSWER = answer(EQUAL)
OTHERS: list[Event] = [
    {"type": "error", "status": 400, "headers": {}, "error": {"message": "m", "code": "c", "param": "p"}},
    {"type": "response.failed", "response": {"id": "r", "error": {"code": "c", "message": "m"}, "usage": {}}},
    {
        "type": "response.incomplete",
        "response": {
            "id": "r",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [],
            "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 1}},
        },
    },
    {"type": "response.done", "response": {"status": "completed", "model": "m", "output": []}},
    {"type": "response.cancelled", "response": {"id": "r"}},
    {"type": "response.refusal.delta", "delta": "No", "output_index": 0, "content_index": 0},
    {"type": "response.refusal.done", "refusal": "No.", "output_index": 0, "content_index": 0},
    {"type": "response.reasoning_summary_text.delta", "delta": "Hm."},
    {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {"type": "reasoning", "id": "r", "encrypted_content": "x", "summary": [{"text": "Hm."}]},
    },
]
VALUES: list[Any] = [None, True, 0, 1.5, 10**30, "", "x", "\ud83d", [], ["x"], [None], {}, {"a": []}]


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place in an event, below the event itself."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*at, key)
            yield from paths(value[key], (*at, key))


def put(value: Any, at: Path, new: Any) -> Any:
    if not at:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[at[0]] = put(changed[at[0]], at[1:], new)
    return changed


def steps_of(events: Sequence[Event]) -> list[Step]:
    stream = ResponseStream()
    steps: list[Step] = []
    for number, event in enumerate(events):
        read = read_event(write_json({"sequence_number": number, **event}))
        steps += stream.feed(read) if read is not None else stream.feed_unreadable()
    return [*steps, *stream.end_of_stream()]


@pytest.mark.parametrize(
    ("place", "event"),
    [pytest.param(place, event, id=event["type"]) for place, event in enumerate([*ANSWER, *OTHERS])],
)
def test_a_value_of_any_type_in_any_place_ends_the_answer_in_order(place: int, event: Event) -> None:
    before = ANSWER[: min(place, len(ANSWER) - 1)]
    for at in paths(event):
        for value in VALUES:
            steps = steps_of([*before, put(event, at, value), ANSWER[-1]])
            ends = [step for step in steps if isinstance(step, Finished | Incomplete | Failed | Broken)]
            assert len(ends) == 1, (at, value)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_an_answer_outside_the_pipeline_is_read_as_far_as_it_is_one(value: Any) -> None:
    response = ANSWER[-1]["response"]
    assert output_text(response) == "".join(EQUAL)
    for at in paths(response):
        assert isinstance(output_text(put(response, at, value)), str)


@pytest.mark.virtual_time
@pytest.mark.parametrize("field", ["type", "stream_id", "response", "output_index", "item_id", "error"])
async def test_over_a_websocket_such_an_event_costs_neither_the_answer_nor_the_connection(field: str) -> None:
    async def reply(socket: ServerConnection, body: dict[str, Any]) -> None:
        lane = {"stream_id": body["stream_id"]}
        await socket.send(json.dumps({"type": "response.in_progress", **lane, field: [{"a": []}]}))
        await speak(socket, answer_to(body), **lane)

    async with server(reply) as (url, asked), Bot(OpenAIResponsesLLMService(api_key="k", ws_url=url)) as bot:
        turns = [await bot.say(word) for word in ("one", "two")]
    assert [(turn.text, turn.errors) for turn in turns] == [("You said one.", []), ("You said two.", [])]
    assert len(asked) == 2
