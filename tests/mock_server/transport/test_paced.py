"""A paced turn that nothing disturbs is written by a timer. Nobody can tell: bytes, times, journal, memory
and metrics are those of a turn that is delivered event by event.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from mock_openai import MockServer, faults
from mock_openai.clock import Clock
from mock_openai.delivery.schedule import Schedule
from mock_openai.protocol.behaviour import Behaviour

from .bytewise import NOW, SCRIPT, Wire, body, masked, request, wire

GAP = 0.02
BETA = "OpenAI-Beta: responses_multi_agent=v1\r\n"
LONG = {"when": {"user": "long"}, "reply": [{"text": "One two three four five six. " * 9}]}
LATE = {"when": {"user": "late"}, "reply": [{"text": "I had to think."}], "delay": 1.5}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
RULES = [LONG, LATE, *SCRIPT]

Talk = Callable[[MockServer, Wire], Awaitable[Any]]


def looked_at() -> list[Any]:
    """A fault at an event that never comes: every event of every turn is looked at by itself."""
    return [faults.at(event="response.never").reset()]


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events had left of each turn that a timer wrote, when it stopped."""
    seen: list[int] = []
    advance = Schedule.advance

    def spied(schedule: Schedule, *given: Any) -> Any:
        write = advance(schedule, *given)
        seen.append(schedule.place)

        def counted(now: float) -> Any:
            place, when = len(seen) - 1, write(now)
            if when is None:
                seen[place] = schedule.place
            return when

        return counted

    monkeypatch.setattr(Schedule, "advance", spied)
    return seen


@pytest.fixture(autouse=True)
def at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock begins anew with each server, away from the end of a second."""
    monkeypatch.setattr(Clock, "wall", lambda _: NOW + 0.0037 + asyncio.get_running_loop().time() - began[-1])


began: list[float] = []


async def heard(talk: Talk, planned: list[Any], upgrade: bool, **options: Any) -> Any:
    began.append(asyncio.get_running_loop().time())
    async with MockServer(RULES, faults=planned, **options) as server:
        async with wire(server, upgrade=upgrade, headers=BETA) as client:
            said = await talk(server, client)
        opened = server.journal.entries[0].at
        noted = [
            (round(entry.at - opened, 6), entry.connection, entry.turn, entry.lane, entry.kind, entry.data)
            for entry in server.journal.entries
        ]
        return said, noted, server._own.state.metrics.samples()


async def both_ways(
    talk: Talk,
    timed: list[int],
    *,
    upgrade: bool = True,
    planned: Any = list,
    waits: bool = True,
    **more: Any,
) -> Any:
    """Let a talk take place event by event, and with the timer; give what was said the second time."""
    one_by_one = await heard(talk, looked_at() + planned(), upgrade, **more)
    assert not timed
    by_timer = await heard(talk, planned(), upgrade, **more)
    assert bool(timed) == waits
    assert by_timer[0] == one_by_one[0]
    assert by_timer[1] == one_by_one[1]
    assert rounded(by_timer[2]) == rounded(one_by_one[2])
    return by_timer[0]


def rounded(samples: list[Any]) -> list[Any]:
    return [(name, labels, round(value, 6)) for name, labels, value in samples]


def loop_time() -> float:
    return round(asyncio.get_running_loop().time() % 1000, 6)


async def events(client: Wire, until: int | None = None) -> list[tuple[float, dict[str, Any]]]:
    """Read a turn's events, or the first so many, each with its time."""
    told: list[tuple[float, dict[str, Any]]] = []
    began = asyncio.get_running_loop().time()
    while until is None or len(told) < until:
        event = await client.frame()
        told.append((round(asyncio.get_running_loop().time() - began, 6), event))
        if event["type"] in ("response.completed", "response.incomplete", "response.failed", "error"):
            break
    return told


async def say(client: Wire, text: str, **fields: Any) -> None:
    client.writer.write(masked(body(text, type="response.create", **fields)))


async def send(client: Wire, kind: str, **fields: Any) -> None:
    client.writer.write(masked(json.dumps({"type": kind, **fields}).encode()))


async def warm(client: Wire, *texts: str) -> None:
    """Let templates be made."""
    for text in texts:
        for _ in range(2):
            await say(client, text)
            await events(client)


@pytest.mark.parametrize("pace", ["fixed:0.02", "fixed:0", "realistic", "instant"])
async def test_events_leave_at_their_times(pace: str, timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        told = []
        for text in ("hi", "late", "long", "no", "call") * 3:
            await say(client, text)
            told.append(await events(client))
        return told

    told = await both_ways(talk, timed, pace=pace, waits=pace not in ("fixed:0", "instant"))
    if pace == "fixed:0.02":
        assert [at for at, _ in told[-3]] == [round(GAP * place, 6) for place in range(len(told[-3]))]
        assert len(timed) == 2 * 5, "the first of a kind has no template yet"


async def test_a_stream_of_server_sent_events_is_paced_alike(timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        told = []
        for text in ("hi", "late", "long", "hi", "late", "long", "long"):
            client.writer.write(request(text, stream=True))
            head = await client.reader.readuntil(b"\r\n\r\n")
            chunks = [re.sub(rb"(openai-processing-ms|Date): .*", b"", head)]
            while chunks[-1] != b"":
                size = int(await client.reader.readuntil(b"\r\n"), 16)
                chunks.append((await client.reader.readexactly(size + 2))[:-2])
            told.append((loop_time(), chunks))
        return [chunks for _, chunks in told]

    told = await both_ways(talk, timed, upgrade=False, pace="fixed:0.02")
    assert len(told[-1]) > 50, "each event is a chunk of its own"


async def test_an_answer_of_plain_json_comes_when_its_last_event_is_due() -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        told = []
        for _ in range(3):
            began = asyncio.get_running_loop().time()
            told.append((await client.ask(request("long")))[1])
            told.append(round(asyncio.get_running_loop().time() - began, 6))
        return told

    told = await heard(talk, [], False, pace="fixed:0.02")
    assert told[0] == (await heard(talk, looked_at(), False, pace="fixed:0.02"))[0]
    assert told[0][-1] > 50 * GAP


@pytest.mark.parametrize("after", [1, 2, 20])
async def test_a_turn_may_be_cancelled_at_any_event(after: int, timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        await warm(client, "long")
        await say(client, "long")
        told = await events(client, after)
        await send(client, "response.cancel")
        told += await events(client)
        await say(client, "hi")
        return told, await events(client)

    told, then = await both_ways(talk, timed, pace="fixed:0.02", behaviour=Behaviour(on_cancel="honour"))
    assert told[-1][1]["response"]["status"] == "cancelled"
    assert len(told) == after + 1
    assert then[-1][1]["type"] == "response.completed"


@pytest.mark.parametrize("after", [1, 2, 20])
@pytest.mark.parametrize("fault", ["reset", "delay", "duplicate", "reorder", "server_error", "close"])
async def test_a_fault_may_be_planned_while_events_leave(fault: str, after: int, timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        await warm(client, "long")
        await say(client, "long")
        told = await events(client, after)
        where = faults.at(event="response.output_text.delta", nth=after + 4)
        server.faults.add(where.delay(0.5) if fault == "delay" else getattr(where, fault)())
        try:
            told += await events(client)
            await say(client, "hi")
            told += await events(client)
        except (asyncio.IncompleteReadError, ConnectionError, UnicodeDecodeError) as error:
            told.append(type(error).__name__)  # the last for a close frame, which is no JSON
        return told

    await both_ways(talk, timed, pace="fixed:0.02")


async def test_a_fault_planned_for_a_time_of_the_turn_strikes_then(timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        await warm(client, "long")
        await say(client, "long")
        told = await events(client, 3)
        server.faults.add(faults.at(turn=3, at=0.3).delay(1.0))
        return told + await events(client)

    told = await both_ways(talk, timed, pace="fixed:0.02")
    assert max(after - before for (before, _), (after, _) in pairwise(told)) == 1.02


async def test_a_fault_of_the_connection_holds_the_socket_back(timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        await say(client, "long")
        told = await events(client)
        for _ in range(2):
            await say(client, "long")
            told += await events(client)
        return told

    def stalled() -> list[Any]:
        return [faults.at(connection=1, at=3.01).stall(0.7)]

    await both_ways(talk, timed, planned=stalled, pace="fixed:0.02")


async def test_input_may_be_steered_and_injected_while_events_leave(timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        for until in (None, None, 9):
            await say(client, "long", model="gpt-6")
            told = await events(client, until)
        named = told[0][1]["response"]["id"]
        await send(client, "response.inject", response_id=named, input=[OUTPUT])
        told += await events(client, 9)
        await send(client, "response.steer", previous_response_id=named, input="hi")
        told += await events(client)
        return told, await events(client)

    told, _ = await both_ways(talk, timed, pace="fixed:0.02")
    types = [event["type"] for _, event in told]
    assert {"response.inject.created", "response.steer.accepted"} < set(types), types
    assert [event["sequence_number"] for _, event in told] == list(range(len(told)))


async def test_lanes_are_paced_beside_each_other(timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        told = []
        for _ in range(3):
            for lane in ("a", "b", "c"):
                await say(client, "long", stream_id=lane)
                await asyncio.sleep(GAP / 3)
            ended = 0
            while ended < 3:
                event = await client.frame()
                told.append((loop_time(), event))
                ended += event["type"] == "response.completed"
        return [event for _, event in told]

    await both_ways(talk, timed, pace="fixed:0.02")


async def test_a_silence_longer_than_the_heartbeat_is_filled(timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        await warm(client, "hi", "late")
        told = []
        for text in ("hi", "late", "late"):
            await say(client, text)
            told += await events(client)
        return told

    told = await both_ways(talk, timed, pace="fixed:0.02", behaviour=Behaviour(socket_keepalive=0.4))
    assert [event["type"] for _, event in told].count("keepalive") == 6


async def test_who_reads_late_loses_nothing(timed: list[int]) -> None:
    began.append(asyncio.get_running_loop().time())
    rules = [{"reply": [{"text": "One two three four five six. " * 100}]}]
    async with MockServer(rules, pace="fixed:0.0001") as server, wire(server, upgrade=True) as client:
        for lane in range(16):
            await say(client, "go", stream_id=f"lane-{lane % 8}")
            await events(client)
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for lane in range(8):
            await say(client, "go", stream_id=f"lane-{lane}")
        await asyncio.sleep(30)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        numbers: dict[str, list[int]] = {}
        ended = 0
        while ended < 8:
            event = await client.frame()
            numbers.setdefault(event["stream_id"], []).append(event["sequence_number"])
            ended += event["type"] == "response.completed"
    assert all(told == list(range(len(told))) for told in numbers.values())
    assert timed


async def test_a_client_that_goes_ends_the_turn(timed: list[int]) -> None:
    began.append(asyncio.get_running_loop().time())
    async with MockServer(RULES, pace="fixed:0.02") as server:
        async with wire(server, upgrade=True) as client:
            await warm(client, "long")
            await say(client, "long")
            await events(client, 20)
            client.writer.transport.abort()
        await server.journal.wait(lambda journal: journal.entries[-1].kind == "close")
        left = [entry for entry in server.journal.entries if entry.turn == 3 and entry.kind == "event"]
        assert 20 <= len(left) <= 22
        samples = {name: value for name, _, value in server._own.state.metrics.samples()}
        assert samples["turns_open"] == 0
        assert server.journal.responses[-1].status is None


async def test_a_paced_response_is_remembered_and_says_when_it_was_completed(timed: list[int]) -> None:
    async def talk(server: MockServer, client: Wire) -> Any:
        await warm(client, "long")
        await say(client, "long")
        told = await events(client, 5)
        assert server.journal.events("response.created"), "somebody looks at what has left"
        told += await events(client)
        response = told[-1][1]["response"]
        await say(client, "hi", previous_response_id=response["id"])
        told += await events(client)
        async with wire(server) as other:
            asked = f"GET /v1/responses/{response['id']} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            stored = json.loads((await other.ask(asked))[1])
        assert stored["completed_at"] == response["completed_at"]
        assert stored["output"] == response["output"]
        return response["completed_at"] - response["created_at"], told[-1][1]["type"]

    took, ended = await both_ways(talk, timed, pace="fixed:0.5")
    assert (took, ended) == (35, "response.completed")  # 72 events; the last is made after the one before


async def test_a_defect_while_the_timer_writes_ends_that_turn_alone(
    timed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    began.append(asyncio.get_running_loop().time())
    async with (
        MockServer(RULES, pace="fixed:0.02") as server,
        wire(server, upgrade=True) as client,
        wire(server, upgrade=True) as other,
    ):
        await warm(client, "long")
        await say(other, "long")
        await say(client, "long")
        await events(client, 9)
        note = server._own.journal.note_run

        def broken(run: Any) -> None:
            if run.connection == 1 and not seen:
                seen.append(run)
                raise LookupError("a defect")
            note(run)

        seen: list[Any] = []
        monkeypatch.setattr(server._own.journal, "note_run", broken)
        assert (await events(client))[-1][1]["type"] in ("response.failed", "error")
        assert (await events(other))[-1][1]["type"] == "response.completed"
