"""What the protocol's tests share: a fixed clock, seeded ids, and a turn played from a reply to its
events.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from mock_openai.protocol.events import Event, Opened, stream_events, warm_up_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.reply import Reply
from mock_openai.protocol.request import parse_request
from mock_openai.protocol.response import open_response

NOW = 1_787_150_229.5


class Played:
    """The events of one turn, read back from their bytes."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.data: list[dict[str, Any]] = [json.loads(event.data) for event in events]

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for data in self.data if data["type"] == kind]

    @property
    def final(self) -> dict[str, Any]:
        found: dict[str, Any] = self.data[-1]["response"]
        return found

    @property
    def text(self) -> str:
        return "".join(data["delta"] for data in self.of("response.output_text.delta"))


@pytest.fixture
def play() -> Callable[..., Played]:
    def run(
        *items: Any,
        transport: Any = None,
        reply: Reply | None = None,
        history_tokens: int = 0,
        seed: int = 7,
        **fields: Any,
    ) -> Played:
        body = {"model": "gpt-4o", "input": "hello", **fields}
        transport = transport or ("http" if body.get("background") else "websocket")
        request = parse_request(body, transport=transport)
        random_source = RandomSource(str(seed))
        ids = Ids(random_source, lambda: NOW)
        response = open_response(request, id=ids.response(), created_at=int(NOW))
        opened = Opened(
            request=request,
            response=response,
            ids=ids,
            random_source=random_source,
            history_tokens=history_tokens,
            clock=lambda: NOW,
        )
        if not request.generate:
            return Played(list(warm_up_events(opened)))
        return Played(list(stream_events(reply or Reply(tuple(items)), opened)))

    return run
