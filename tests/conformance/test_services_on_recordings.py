"""Real traffic into both services: what a bot says, runs and counts is what OpenAI's server really sent.

Each recorded stream is the answer to one turn of a bot that says the name of the recording. What must be
heard, run and counted is worked out here from the recorded events, by other means than the services use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from mock_openai import MockServer, Recorded, Reply, Text, Timed
from mock_openai.protocol.events import Event
from ninelives import Bot
from pipecat.services.llm_service import FunctionCallParams
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

from .recordings import ABSENT, Recording, recordings

pytestmark = [
    pytest.mark.virtual_time,
    pytest.mark.skipif(not recordings(), reason=ABSENT),
]

AFTER_TOOLS = "That was all."
TURNS_PER_BOT = 20


@dataclass
class Expected:
    """What one recorded stream means."""

    text: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    usage: Mapping[str, Any] | None = None
    errors: int = 0
    thoughts: int = 0


def expected(recording: Recording) -> Expected:
    events = [event["data"] for event in recording.events or ()]
    terminal = events[-1]
    meant = Expected(usage=terminal["response"].get("usage"))
    for data in events:
        match data["type"]:
            case "response.output_text.done":
                meant.text += data["text"]
            case "response.refusal.done":
                meant.text += data["refusal"]
            case "response.output_item.done" if data["item"]["type"] == "function_call":
                item = data["item"]
                if item["status"] == "incomplete":
                    continue
                meant.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
            case "response.reasoning_summary_part.added" if data["summary_index"] == 0:
                meant.thoughts += 1
    if terminal["type"] == "response.failed":
        meant.calls = []
    silent = terminal["type"] == "response.completed" and not meant.text.strip() and not meant.calls
    meant.errors = int(silent or terminal["type"] != "response.completed")
    return meant


def streams() -> list[Recording]:
    return [one for one in recordings() if one.events]


class Replay:
    """Answers a turn with the recording whose name the user said, and a tool's result with a few words."""

    takes_errors = True

    def __init__(self) -> None:
        self._by_name = {one.name: one for one in streams()}

    async def answer(self, turn: Any) -> Recorded | Reply:
        last = turn.body["input"][-1]
        recording = self._by_name.get(last.get("content") if last.get("role") == "user" else None)
        if recording is None:
            return Reply((Text(AFTER_TOOLS),))
        events = tuple(
            Timed(0.0, Event(event["data"]["type"], data))
            for event, data in zip(recording.events or (), recording.data, strict=True)
        )
        return Recorded(200, {"content-type": "text/event-stream; charset=utf-8"}, events)


def groups() -> list[Any]:
    found = streams()
    return [
        pytest.param(found[start : start + TURNS_PER_BOT], id=f"from {found[start].name}")
        for start in range(0, len(found), TURNS_PER_BOT)
    ]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "service_class", [OpenAIResponsesLLMService, OpenAIResponsesHttpLLMService], ids=["websocket", "http"]
)
@pytest.mark.parametrize("group", groups())
async def test_a_bot_on_real_streams(group: list[Recording], service_class: Any) -> None:
    ran: list[tuple[str, str, Any]] = []

    async def any_tool(call: FunctionCallParams) -> None:
        ran.append((call.tool_call_id, call.function_name, dict(call.arguments)))
        await call.result_callback("ok")

    async with MockServer(responders=[Replay()]) as server:
        service = service_class(api_key="sk-test", base_url=server.base_url)
        service.register_function(None, any_tool)
        async with Bot(service) as bot:
            for recording in group:
                ran.clear()
                turn = await bot.say(recording.name)
                meant = expected(recording)
                spoken = meant.text + (AFTER_TOOLS if meant.calls else "")
                assert turn.text == spoken, recording.name
                assert sorted(ran, key=str) == sorted(meant.calls, key=str), recording.name
                assert len(turn.errors) == meant.errors, (recording.name, turn.errors)
                assert len(turn.thoughts) == meant.thoughts * (2 if meant.errors and not spoken else 1)
                if meant.usage and not meant.errors:
                    assert turn.usage[0]["prompt_tokens"] == meant.usage["input_tokens"]
                    assert turn.usage[0]["completion_tokens"] == meant.usage["output_tokens"]
