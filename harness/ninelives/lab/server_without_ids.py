"""A server that is compatible with OpenAI's except that its items have no ids."""

from __future__ import annotations

import json
from typing import Any

from mock_openai.protocol.events import Event, Timed
from mock_openai.responders.answer import Recorded
from mock_openai.responders.base import Turn

from ninelives.lab.dialogue import COMPARE

_CALLS = [
    {
        "type": "function_call",
        "call_id": f"call_{city}",
        "name": "get_weather",
        "arguments": f'{{"city":"{city}"}}',
    }
    for city in ("Paris", "Rome")
]
_PAUSE = 0.05


def _events() -> list[dict[str, Any]]:
    response = {
        "id": "resp_compatible",
        "object": "response",
        "model": "gpt-4.1",
        "status": "in_progress",
        "output": [],
    }
    events: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    for index, call in enumerate(_CALLS):
        begun = {**call, "arguments": ""}
        events.append({"type": "response.output_item.added", "output_index": index, "item": begun})
    for index, call in enumerate(_CALLS):
        part = {"output_index": index, "arguments": call["arguments"]}
        events.append({"type": "response.function_call_arguments.done", **part})
        events.append({"type": "response.output_item.done", "output_index": index, "item": call})
    usage = {"input_tokens": 9, "output_tokens": 9, "total_tokens": 18}
    whole = {**response, "status": "completed", "output": _CALLS, "usage": usage}
    return [*events, {"type": "response.completed", "response": whole}]


class Compatible:
    """Answers the question that needs two calls, without any item id."""

    takes_errors = False

    async def answer(self, turn: Turn) -> Recorded | None:
        """Return the two calls."""
        last = (turn.body.get("input") or [{}])[-1]
        if last.get("role") != "user" or COMPARE not in json.dumps(last.get("content")):
            return None
        timed = [
            Timed(
                number * _PAUSE,
                Event(event["type"], json.dumps({**event, "sequence_number": number}).encode()),
            )
            for number, event in enumerate(_events())
        ]
        return Recorded(events=tuple(timed))
