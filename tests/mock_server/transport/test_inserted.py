"""Events that are inserted while a turn is on its way out: nothing is numbered, sent or noted twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from mock_openai import MockServer, Text, faults, reply
from mock_openai.delivery import sent
from mock_openai.journal.journal import Journal
from mock_openai.memory import MemoryStore, Remembered
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.transport.websocket import SocketSession

pytestmark = pytest.mark.virtual_time
MODEL = "gpt-6"
LONG = "many words " * 1_000
ENDS = ("response.completed", "response.incomplete", "response.failed")


class Held:
    """Holds work of the server back until the test lets it go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.go_on.wait()


async def read_until(socket: Any, *kinds: str) -> list[dict[str, Any]]:
    events = [await socket.next()]
    while events[-1]["type"] not in kinds:
        events.append(await socket.next())
    return events


async def steer(socket: Any, events: list[dict[str, Any]]) -> None:
    target = events[0]["response"]["id"]
    await socket.send({"type": "response.steer", "previous_response_id": target, "input": "the other way"})


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["sequence_number"] for event in events]


def noted(journal: Journal) -> list[tuple[str, int]]:
    told = [json.loads(event.data) for event in journal.events()]
    return [(event["type"], event["sequence_number"]) for event in told]


def has_closed(journal: Journal) -> bool:
    return any(entry.kind == "close" for entry in journal.entries)


@pytest.fixture
def noting(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Held]:
    """Holds the server back while it cuts an event that is too large for the journal."""

    def begin() -> Held:
        held = Held()

        async def beside(work: Callable[..., Any], *given: Any) -> Any:
            await held()
            return work(*given)

        monkeypatch.setattr(sent, "in_thread", beside)
        return held

    return begin


async def test_an_event_inserted_while_another_is_being_noted_is_noted_once_and_behind_it(connect, noting):
    held = noting()
    script = [reply(Text(LONG, deltas=1), user="count"), reply("Steered.")]
    async with (
        MockServer(script=script, pace="fixed:0.02", journal_body_bytes=5_000) as server,
        connect(server) as socket,
    ):
        await socket.create("count", model=MODEL)
        events = await read_until(socket, "response.output_text.delta")
        await held.reached.wait()
        await steer(socket, events)
        events += await read_until(socket, "response.steer.accepted")
        held.go_on.set()
        events += await read_until(socket, *ENDS)
        assert numbers(events) == list(range(len(events)))
        events += await read_until(socket, *ENDS)
        assert noted(server.journal) == [(event["type"], event["sequence_number"]) for event in events]


async def test_what_left_before_the_client_hung_up_is_noted(connect, noting):
    held = noting()
    async with MockServer(
        [reply(Text(LONG, deltas=1))], pace="fixed:0.02", journal_body_bytes=5_000
    ) as server:
        async with connect(server) as socket:
            await socket.create("count", model=MODEL)
            events = await read_until(socket, "response.output_text.delta")
            await held.reached.wait()
        await server.journal.wait(has_closed)
        assert noted(server.journal) == [(event["type"], event["sequence_number"]) for event in events]
        assert server.journal.entries[-1].kind == "close"


class SlowStore(MemoryStore):
    """A store in which a response takes its time, as in a shared memory."""

    def __init__(self, held: Held) -> None:
        super().__init__()
        self.held = held

    async def put(self, remembered: Remembered) -> None:
        await self.held()
        await super().put(remembered)


@pytest.mark.parametrize("end", ["completed", "cancelled", "incomplete", "failed"])
async def test_an_event_inserted_while_the_response_is_stored_has_a_number_of_its_own(connect, end):
    held = Held()
    late = faults.at(turn=1, event="response.output_text.delta", nth=3)
    planned = {"incomplete": [late.incomplete()], "failed": [late.server_error()]}.get(end, [])
    script = [reply(Text("One two three four", deltas=4), user="count"), reply("Steered.")]
    server = MockServer(
        script=script,
        pace="fixed:0.02",
        store=SlowStore(held),
        faults=planned,
        behaviour=Behaviour(on_cancel="honour"),
    )
    async with server, connect(server) as socket:
        await socket.create("count", model=MODEL)
        events = await read_until(socket, "response.output_text.delta")
        if end == "cancelled":
            await socket.send({"type": "response.cancel"})
        await held.reached.wait()
        await steer(socket, events)
        events += await read_until(socket, "response.steer.accepted")
        held.go_on.set()
        events += await read_until(socket, *ENDS)
        assert numbers(events) == list(range(len(events)))
        assert events[-1]["response"]["status"] == end


@pytest.fixture
def slow_client(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Held]:
    """Gives the server a client that reads nothing for a while once these words have left."""

    def begin(words: str) -> Held:
        held, write = Held(), SocketSession.write

        async def slowly(self: SocketSession, data: bytes) -> None:
            await write(self, data)
            if words.encode() in data and not held.reached.is_set():
                await held()

        monkeypatch.setattr(SocketSession, "write", slowly)
        monkeypatch.setattr(SocketSession, "push", lambda self, data: False)
        return held

    return begin


async def test_an_event_is_inserted_behind_what_was_rendered_beforehand_and_is_still_leaving(
    connect, slow_client
):
    script = [reply(Text("One two three four", deltas=4), user="count"), reply("Steered.")]
    async with MockServer(script=script, pace="fixed:0.02") as server, connect(server) as socket:
        for _ in range(2):  # from the second time on, the reply has a template
            await socket.turn("count", model=MODEL)
        server.journal.clear()
        held = slow_client('" three"')
        await socket.create("count", model=MODEL)
        events = await read_until(socket, "response.output_text.delta")
        while events[-1].get("delta") != " three":
            events.append(await socket.next())
        await held.reached.wait()
        await steer(socket, events)
        events += await read_until(socket, "response.steer.accepted")
        held.go_on.set()
        events += await read_until(socket, *ENDS)
        assert numbers(events) == list(range(len(events)))
        events += await read_until(socket, *ENDS)
        assert noted(server.journal) == [(event["type"], event["sequence_number"]) for event in events]


async def test_a_response_whose_end_is_still_leaving_has_ended(connect, slow_client):
    async with (
        MockServer([reply(Text("One two three four", deltas=4))], pace="fixed:0.02") as server,
        connect(server) as socket,
    ):
        for _ in range(2):
            await socket.turn("count", model=MODEL)
        held = slow_client("response.completed")
        await socket.create("count", model=MODEL)
        events = await read_until(socket, *ENDS)
        await held.reached.wait()
        await steer(socket, events)
        refused = await socket.next()
        held.go_on.set()
        assert refused["type"] == "response.steer.failed"
        assert refused["error"]["code"] == "response_already_completed"
        assert refused["sequence_number"] == events[-1]["sequence_number"] + 1
        assert (await socket.turn("count", model=MODEL))["response"]["status"] == "completed"


async def test_input_for_a_response_whose_rendered_end_is_still_leaving_is_given_back(connect, slow_client):
    beta = {"additional_headers": {"OpenAI-Beta": "responses_multi_agent=v1"}}
    items = [{"type": "function_call_output", "call_id": "call_1", "output": "x"}]
    script = [reply(Text("One two three four", deltas=4))]
    async with MockServer(script, pace="fixed:0.02") as server, connect(server, **beta) as socket:
        for _ in range(2):
            await socket.turn("count", model=MODEL)
        held = slow_client("response.completed")
        await socket.create("count", model=MODEL)
        events = await read_until(socket, *ENDS)
        await held.reached.wait()
        target = events[0]["response"]["id"]
        await socket.send({"type": "response.inject", "response_id": target, "input": items})
        refused = await socket.next()
        held.go_on.set()
        assert refused["type"] == "response.inject.failed"
        assert refused["error"]["code"] == "response_already_completed"
        assert (await socket.turn("count", model=MODEL))["response"]["status"] == "completed"
