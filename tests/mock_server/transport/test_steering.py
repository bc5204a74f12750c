"""Mid-turn steering as OpenAI tells it: accepted, committed by a successor, pending or given back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mock_openai import Call, Failed, MockServer, Text, faults, reply
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.events import Event
from mock_openai.protocol.steering import at_boundary
from openai import AsyncOpenAI
from openai.types.responses.responses_server_event import ResponsesServerEvent
from pydantic import TypeAdapter

pytestmark = pytest.mark.virtual_time
MODEL = "gpt-6"
PARTS = reply(Text("One.", deltas=2), Text("Two.", deltas=2), user="count")
SCRIPT = [PARTS, reply("Steered.", user="other")]
SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(ResponsesServerEvent)


async def begin(socket: Any, text: str = "count", **fields: Any) -> list[dict[str, Any]]:
    """Create, and read until the response has begun to speak."""
    await socket.send({"type": "response.create", "model": MODEL, "input": text, **fields})
    events = [await socket.next()]
    while events[-1]["type"] not in ("response.output_text.delta", "response.output_item.added"):
        events.append(await socket.next())
    return events


async def steer(socket: Any, target: str, given: Any = "the other way") -> None:
    await socket.send({"type": "response.steer", "previous_response_id": target, "input": given})


async def until(socket: Any, *kinds: str) -> list[dict[str, Any]]:
    events = [await socket.next()]
    while events[-1]["type"] not in kinds:
        events.append(await socket.next())
    return events


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def text(event: dict[str, Any]) -> str:
    return "".join(part["text"] for item in event["response"]["output"] for part in item["content"])


async def test_a_steered_response_ends_before_its_next_item_and_a_successor_takes_the_input(connect):
    async with MockServer(script=SCRIPT, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket, stream_id="a", metadata={"k": "v"}, store=False)
        target = events[0]["response"]["id"]
        await steer(socket, target)
        events += await until(socket, "response.incomplete")
        successor = await until(socket, "response.completed")
    said = next(event for event in events if event["type"] == "response.steer.accepted")
    assert list(said) == ["type", "sequence_number", "steer", "stream_id"]
    assert said["steer"]["previous_response_id"] == target
    assert said["steer"]["id"].startswith("steer_")
    assert len(said["steer"]["id"]) == 38
    assert [event["sequence_number"] for event in events] == list(range(len(events))), "one counter"
    ended = events[-1]["response"]
    assert ended["incomplete_details"] == {"reason": "steered"}
    assert text(events[-1]) == "One.", "the item that was open is whole, the next was not begun"
    created = successor[0]
    assert (created["type"], created["sequence_number"], created["stream_id"]) == ("response.created", 0, "a")
    assert created["response"]["previous_response_id"] == target
    assert (created["response"]["metadata"], created["response"]["store"]) == ({"k": "v"}, False)
    assert text(successor[-1]) == "Steered."


async def test_a_response_that_completes_first_stays_completed_and_a_successor_follows(connect):
    async with MockServer(script=SCRIPT, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket)
        while not (events[-1]["type"] == "response.output_item.added" and events[-1]["output_index"] == 1):
            events.append(await socket.next())
        await steer(socket, events[0]["response"]["id"])
        events += await until(socket, "response.completed")
        assert text(events[-1]) == "One.Two."
        assert text((await until(socket, "response.completed"))[-1]) == "Steered."


async def test_several_submissions_go_into_one_successor_in_their_order(connect):
    async with MockServer(script=SCRIPT, pace="fixed:0.03") as server, connect(server) as socket:
        events = await begin(socket)
        target = events[0]["response"]["id"]
        await steer(socket, target, "an other way")
        await steer(socket, target, [{"role": "user", "content": [{"type": "input_text", "text": "other"}]}])
        events += await until(socket, "response.incomplete")
        await until(socket, "response.completed")
    assert kinds(events).count("response.steer.accepted") == 2
    assert server.journal.requests[-1]["input"] == [
        {"type": "message", "role": "user", "content": "an other way"},
        {"role": "user", "content": [{"type": "input_text", "text": "other"}]},
    ]


async def test_the_successor_comes_before_what_waits_on_its_lane(connect):
    script = [*SCRIPT, reply("Queued.", user="queued")]
    async with MockServer(script=script, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket)
        await socket.create("queued")
        await steer(socket, events[0]["response"]["id"])
        await until(socket, "response.incomplete")
        told = [text((await until(socket, "response.completed"))[-1]) for _ in range(2)]
    assert told == ["Steered.", "Queued."]


CALL = reply(Call("look", "{}", call_id="call_1"), Text("x", deltas=3), user="look")


async def test_input_for_a_response_that_waits_for_a_tool_is_pending_and_goes_before_the_tools_output(
    connect,
):
    script = [CALL, reply("Both.", tool_output="look")]
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    async with MockServer(script=script, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket, "look", tools=[tool])
        target = events[0]["response"]["id"]
        await steer(socket, target, "be brief")
        events += await until(socket, "response.steer.pending")
        assert kinds(events)[-2:] == ["response.completed", "response.steer.pending"]
        number = events[-2]["sequence_number"] + 1
        accepted = next(event for event in events if event["type"] == "response.steer.accepted")
        assert events[-1] == {
            "type": "response.steer.pending",
            "sequence_number": number,
            "steer": accepted["steer"],
            "reason": "waiting_for_required_input",
            "required_input": [{"type": "function_call_output", "call_id": "call_1", "name": "look"}],
        }
        output = {"type": "function_call_output", "call_id": "call_1", "output": "seen"}
        await socket.create([], model=MODEL, previous_response_id=target)
        assert (await socket.next())["error"]["message"] == "No tool output found for function call call_1."
        done = await socket.turn([output], model=MODEL, previous_response_id=target)
        assert text(done) == "Both.", (
            "a refused create does not commit the input, the good one takes it along"
        )
    client = AsyncOpenAI(base_url=server.base_url, api_key="any")
    assert server.journal.events("response.steer.pending")
    async with server:
        items = await client.responses.input_items.list(done["response"]["id"], order="asc")
        assert [getattr(item, "role", item.type) for item in items.data] == ["user", "function_call_output"]
    await client.close()


async def test_pending_input_goes_with_its_own_lane_and_only_once(connect):
    script = [CALL, reply("Done.", tool_output="look")]
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    output = [{"type": "function_call_output", "call_id": "call_1", "output": "seen"}]
    async with MockServer(script=script, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket, "look", tools=[tool], stream_id="a")
        target = events[0]["response"]["id"]
        await steer(socket, target, "be brief")
        await until(socket, "response.steer.pending")
        for lane in ("b", "a", "a"):
            await socket.turn(output, model=MODEL, previous_response_id=target, stream_id=lane)
        read = [len(request["input"]) for request in server.journal.requests[1:]]
        assert read == [1, 1, 1], "the journal has what the client sent"
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")
        took = []
        for said in server.journal.responses[1:]:
            items = await client.responses.input_items.list(str(said.id))
            took.append(len(items.data))
        await client.close()
    assert took == [1, 2, 1]


def test_no_boundary_is_where_an_item_is_open():
    added = Event("response.output_item.added", b"{}")
    done = Event("response.output_item.done", b'{"item":{"type":"message"}}')
    assert at_boundary([], added)
    assert at_boundary([added, done], added)
    assert not at_boundary([added], added), "lists of tools overlap"
    assert not at_boundary([added, done], Event("response.completed", b"{}"))


async def refused(connect: Any, message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    async with MockServer(script=SCRIPT, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket, **fields)
        await socket.send({"previous_response_id": events[0]["response"]["id"], **message})
        return (await until(socket, "response.steer.failed", "error"))[-1]


@pytest.mark.parametrize(
    ("input", "words"),
    [
        ([], "empty array"),
        ("", "empty string"),
        (7, "Invalid type for 'input'"),
        ([{"role": "developer", "content": "x"}], "Supported values are: 'user'"),
        ([{"type": "function_call_output", "call_id": "c", "output": "x"}], "'input[0].role'"),
        ([{"role": "user", "content": "x", "id": "msg_1"}], "Unknown parameter: 'input[0].id'"),
        ([{"role": "user", "content": [{"type": "input_audio"}]}], "Invalid value"),
    ],
)
async def test_input_that_does_not_steer_is_given_back_without_an_id(connect, input, words):
    told = await refused(connect, {"type": "response.steer", "input": input})
    assert list(told) == ["type", "sequence_number", "error", "steer"]
    assert told["error"]["code"] == "invalid_input"
    assert words in told["error"]["message"]
    assert told["error"]["type"] == "invalid_request_error"
    assert told["steer"]["input"] == input
    assert "id" not in told["steer"]


async def test_a_lane_must_not_be_named(connect):
    told = await refused(connect, {"type": "response.steer", "input": "x", "stream_id": "a"})
    assert told["error"] == {
        "type": "invalid_request_error",
        "code": "invalid_input",
        "message": "Unknown parameter: 'stream_id'.",
    }


async def test_a_message_without_target_or_input_gets_an_error_frame(connect):
    async with MockServer() as server, connect(server) as socket:
        await socket.send({"type": "response.steer", "input": "x"})
        assert (await socket.next())["error"]["param"] == "previous_response_id"
        await socket.send({"type": "response.steer", "previous_response_id": "resp_1"})
        assert (await socket.next())["error"]["param"] == "input"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "gpt-5.5"}, "The model 'gpt-5.5'"),
        ({"context_management": [{"type": "compaction", "compact_threshold": 1000}]}, "automatic compaction"),
    ],
)
async def test_what_cannot_be_steered_says_so(connect, fields, words):
    told = await refused(connect, {"type": "response.steer", "input": "x"}, **fields)
    assert told["error"]["code"] == "steering_not_supported"
    assert words in told["error"]["message"]


async def test_responses_that_are_over_or_were_never_there_are_told_apart(connect):
    script = [reply(finish=Failed("server_error"), user="break"), reply("Hi")]
    async with MockServer(script=script) as server, connect(server) as socket:
        await steer(socket, "resp_none")
        assert (await socket.next())["error"]["code"] == "response_not_found"
        done = await socket.turn(model=MODEL, stream_id="a")
        for extra in (1, 2):
            await steer(socket, done["response"]["id"])
            told = await socket.next()
            assert told["error"]["code"] == "response_already_completed"
            assert told["sequence_number"] == done["sequence_number"] + extra
            assert told["stream_id"] == "a"
        await socket.create("break", model=MODEL)
        failed = (await until(socket, "response.failed"))[-1]
        await steer(socket, failed["response"]["id"])
        assert (await socket.next())["error"]["code"] == "response_not_active"


async def test_accepted_input_whose_response_fails_comes_back_with_its_id(connect):
    script = [reply(Text("x", deltas=4), finish=Failed("server_error"), user="break")]
    async with MockServer(script=script, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket, "break")
        await steer(socket, events[0]["response"]["id"])
        events += await until(socket, "response.steer.failed")
    accepted = next(event for event in events if event["type"] == "response.steer.accepted")
    assert events[-1]["error"]["code"] == "successor_creation_failed"
    assert events[-1]["steer"]["id"] == accepted["steer"]["id"]
    assert events[-1]["steer"]["input"] == "the other way"


async def test_options_bound_and_hold_back_steering(connect):
    behaviour = Behaviour(max_pending_steers=1, steer_boundary="end")
    async with (
        MockServer(script=SCRIPT, pace="fixed:0.02", behaviour=behaviour) as server,
        connect(server) as socket,
    ):
        events = await begin(socket)
        for _ in range(2):
            await steer(socket, events[0]["response"]["id"])
        events += await until(socket, "response.completed")
        assert text(events[-1]) == "One.Two."
        told = next(event for event in events if event["type"] == "response.steer.failed")
        assert told["error"]["code"] == "too_many_pending_steers"


async def test_steering_input_is_bounded_in_bytes(connect, monkeypatch):
    monkeypatch.setattr("mock_openai.transport.steering.MAX_WAITING_BYTES", 3500)
    behaviour = Behaviour(steer_boundary="end")
    async with (
        MockServer(script=[reply("Late.", delay=60)], behaviour=behaviour) as server,
        connect(server) as socket,
    ):
        await socket.create(model=MODEL)
        target = (await socket.next())["response"]["id"]
        await socket.next()
        told = []
        for _ in range(4):
            await steer(socket, target, "x" * 1000)
            event = await socket.next()
            told.append(event["error"]["code"] if "error" in event else "accepted")
    assert told == ["accepted"] * 3 + ["too_many_pending_steers"]


async def test_every_steering_event_is_valid_in_the_sdks_eyes_and_the_sdk_can_steer():
    async with MockServer(script=[CALL, *SCRIPT], pace="fixed:0.02") as server:
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")
        async with client.responses.connect() as connection:
            for said in ("count", "look"):
                await connection.response.create(model=MODEL, input=said)
                async for event in connection:
                    if event.type == "response.output_item.added":
                        break
                await connection.send(
                    {"type": "response.steer", "previous_response_id": "resp_none", "input": "x"}
                )
                target = server.journal.responses[-1].id
                await connection.send(
                    {"type": "response.steer", "previous_response_id": target, "input": "other"}
                )
                async for event in connection:
                    if event.type in ("response.completed", "response.steer.pending") and said != "look":
                        break
                    if event.type == "response.steer.pending":
                        break
        await client.close()
    told = [event for event in server.journal.events() if event.type.startswith("response.steer.")]
    assert {event.type.rpartition(".")[2] for event in told} == {"accepted", "pending", "failed"}
    for event in told:
        SERVER_EVENT.validate_json(event.data, strict=True)


# The multi-agent beta


async def test_injected_input_is_unknown_without_the_beta(connect):
    async with MockServer() as server, connect(server) as socket:
        await socket.send({"type": "response.inject", "response_id": "resp_1", "input": []})
        assert (await socket.next())["error"]["code"] == "invalid_value"


async def test_injected_input_is_committed_or_given_back(connect):
    beta = {"additional_headers": {"OpenAI-Beta": "responses_multi_agent=v1"}}
    items = [{"type": "function_call_output", "call_id": "call_1", "output": "x"}]
    async with MockServer(script=SCRIPT, pace="fixed:0.02") as server, connect(server, **beta) as socket:
        await socket.send({"type": "response.inject", "response_id": "resp_1", "input": items})
        assert await socket.next() == {
            "type": "response.inject.failed",
            "sequence_number": 0,
            "error": {"code": "response_not_found", "message": "Response with id 'resp_1' not found."},
            "input": items,
            "response_id": "resp_1",
        }
        events = await begin(socket)
        name = events[0]["response"]["id"]
        await socket.send({"type": "response.inject", "response_id": name, "input": items})
        events += await until(socket, "response.completed")
        told = next(event for event in events if event["type"] == "response.inject.created")
        assert told["response_id"] == name
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        await socket.send({"type": "response.inject", "response_id": name, "input": items})
        assert (await socket.next())["error"]["code"] == "response_already_completed"


# Faults that hold a turn while something was submitted

BEHIND = {"turn": 1, "event": "terminal", "when": "after"}


def now() -> float:
    """The loop's time, which is virtual."""
    return asyncio.get_running_loop().time()


async def test_a_successor_begins_although_a_fault_holds_the_turn_behind_its_last_event(connect):
    stall = faults.at(**BEHIND).stall(600.0)
    script = [reply(Text("One two.", deltas=2), user="count"), *SCRIPT]
    async with (
        MockServer(script=script, pace="fixed:0.02", faults=[stall]) as server,
        connect(server) as socket,
    ):
        began = now()
        events = await begin(socket)
        await steer(socket, events[0]["response"]["id"])
        await until(socket, "response.incomplete", "response.completed")
        successor = await until(socket, "response.completed")
        assert text(successor[-1]) == "Steered."
        assert successor[0]["response"]["previous_response_id"] == events[0]["response"]["id"]
        assert text(await socket.turn("other", model=MODEL)) == "Steered.", "the lane is free"
        assert now() - began < 600.0


async def test_what_waits_for_the_client_is_told_although_a_fault_holds_the_turn(connect):
    script = [reply(Call("look", "{}"), user="count"), reply("Seen.", tool_output="look")]
    stall = faults.at(**BEHIND).stall(600.0)
    async with (
        MockServer(script=script, pace="fixed:0.02", faults=[stall]) as server,
        connect(server) as socket,
    ):
        began = now()
        events = await begin(socket)
        target = events[0]["response"]["id"]
        await steer(socket, target)
        events += await until(socket, "response.completed")
        told = await until(socket, "response.steer.pending")
        output = {
            "type": "function_call_output",
            "call_id": told[-1]["required_input"][0]["call_id"],
            "output": "{}",
        }
        answer = await socket.turn([output], model=MODEL, previous_response_id=target)
        assert now() - began < 600.0
    assert text(answer) == "Seen."


async def test_what_a_successor_carries_is_carried_once(connect):
    stall = faults.at(**{**BEHIND, "turn": 2}).stall()
    async with (
        MockServer(script=SCRIPT, pace="fixed:0.02", faults=[stall]) as server,
        connect(server) as socket,
    ):
        events = await begin(socket)
        target = events[0]["response"]["id"]
        await steer(socket, target)
        await until(socket, "response.incomplete")
        await until(socket, "response.completed")
        again = await socket.turn("count", model=MODEL, previous_response_id=target)
    assert text(again) == "One.Two."
    assert server.script[0].requests[-1]["input"] == "count", "and not what was submitted before"


async def test_a_submission_does_not_shorten_a_stall(connect):
    stall = faults.at(turn=1, event="response.output_text.delta", nth=2).stall(30.0)
    async with (
        MockServer(script=SCRIPT, pace="fixed:0.02", faults=[stall]) as server,
        connect(server) as socket,
    ):
        began = now()
        events = await begin(socket)
        await server.journal.wait(lambda journal: any(entry.kind == "fault" for entry in journal.entries))
        await steer(socket, events[0]["response"]["id"])
        await until(socket, "response.steer.accepted")
        await until(socket, "response.incomplete", "response.completed")
        assert now() - began > 30.0


async def test_what_is_submitted_for_a_successor_has_room_of_its_own(connect, monkeypatch):
    monkeypatch.setattr("mock_openai.transport.steering.MAX_WAITING_BYTES", 3_000)
    script = [
        PARTS,
        reply(Text("Steered once.", deltas=2), Text("More.", deltas=2), user="first"),
        reply("Twice."),
    ]
    async with MockServer(script=script, pace="fixed:0.02") as server, connect(server) as socket:
        events = await begin(socket)
        await steer(socket, events[0]["response"]["id"], "first " * 400)
        await until(socket, "response.incomplete")
        successor = await until(socket, "response.output_text.delta")
        await steer(socket, successor[0]["response"]["id"], "then " * 400)
        await until(socket, "response.steer.accepted")
        await until(socket, "response.incomplete")
        assert text((await until(socket, "response.completed"))[-1]) == "Twice."
