"""WebSocket mode as OpenAI's guide tells it: lanes, order, memory, warm-up, limits, errors that keep the
socket.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
import websockets
from mock_openai import Failed, MockServer, Text, faults, reply
from openai import AsyncOpenAI

SLOW = "fixed:0.01"


def ids(event: dict[str, Any]) -> str:
    return event["response"]["id"]


async def test_the_openai_sdk_holds_a_conversation_on_one_socket():
    async with MockServer(
        script=[reply("Good morning!", user="hello"), reply("Fine.", user="how")]
    ) as server:
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")
        async with client.responses.connect() as connection:
            texts, numbers, parent = [], [], None
            for said in ("hello", "how are you?"):
                more = {} if parent is None else {"previous_response_id": parent}
                await connection.response.create(model="gpt-4o", input=said, **more)
                async for event in connection:
                    numbers.append(event.sequence_number)
                    if event.type == "response.completed":
                        parent = event.response.id
                        texts.append(event.response.output_text)
                        break
        await client.close()
    assert texts == ["Good morning!", "Fine."]
    assert numbers.count(0) == 2, "every turn numbers its events from 0"
    assert [said.text for said in server.journal.responses] == texts


async def test_frames_are_compact_json_without_any_greeting(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        await socket.create()
        first = await socket.raw.recv()
        assert first.startswith('{"type":"response.created","response":{"id":"resp_')


async def test_no_compression_is_negotiated_and_stream_true_is_tolerated(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server, compression="deflate") as socket:
        assert socket.raw.response.headers.get("Sec-WebSocket-Extensions") is None
        assert socket.raw.response.headers.get("x-request-id") is None
        assert (await socket.turn(stream=True))["type"] == "response.completed"


# Order and lanes


async def test_creates_of_one_lane_are_answered_one_after_the_other(connect):
    async with (
        MockServer(script=[reply("One", user="1"), reply("Two", user="2")]) as server,
        connect(server) as socket,
    ):
        await socket.create("1")
        await socket.create("2")
        first, second = await socket.until_end(), await socket.until_end()
    assert first[-1]["response"]["output"][0]["content"][0]["text"] == "One"
    assert second[-1]["response"]["output"][0]["content"][0]["text"] == "Two"
    assert {ids(event) for event in first if "response" in event} == {ids(first[0])}


@pytest.mark.parametrize("lane", [None, "a"])
async def test_a_lane_is_free_once_its_answer_has_left_whatever_is_slow_behind_it(connect, lane):
    script = [reply("One", user="1"), reply("Two", user="2")]
    behind = faults.at(event="terminal", when="after", turn=1)
    async with MockServer(script=script, faults=[behind.stall()]) as server, connect(server) as socket:
        await socket.create("1", stream_id=lane)
        await socket.create("2", stream_id=lane)
        ends = [(await socket.until_end(lane))[-1] for _ in range(2)]
        ends.append(await socket.turn("2", stream_id=lane))
    assert [end["response"]["output"][0]["content"][0]["text"] for end in ends] == ["One", "Two", "Two"]


@pytest.mark.parametrize("fault", ["oversize_frame", "duplicate"])
async def test_an_answer_can_be_continued_once_a_fault_has_sent_its_end(connect, fault):
    end = faults.at(event="terminal", turn=1)
    plan = [getattr(end, fault)(), end.stall()]
    async with MockServer(script=[reply("Hi")], faults=plan) as server, connect(server) as socket:
        first = await socket.turn("1")
        second = await socket.turn("2", previous_response_id=first["response"]["id"])
    assert [first["type"], second["type"]] == ["response.completed"] * 2


async def test_faults_behind_an_answer_strike_one_after_another_beside_the_next_one(connect):
    behind = faults.at(event="terminal", when="after", turn=1)
    plan = [behind.delay(5), behind.reset()]
    async with MockServer(script=[reply("Hi")], faults=plan) as server, connect(server) as socket:
        ends = [await socket.turn(), await socket.turn()]
        with pytest.raises(websockets.ConnectionClosedError):
            await socket.next()
    assert [end["type"] for end in ends] == ["response.completed"] * 2
    assert [entry.data["fault"] for entry in server.journal.entries if entry.kind == "fault"] == [
        "delay",
        "reset",
    ]


async def test_lanes_run_beside_each_other_and_name_themselves(connect):
    async with (
        MockServer(script=[reply(Text("x", deltas=5))], pace=SLOW) as server,
        connect(server) as socket,
    ):
        for lane in ("a", "b"):
            await socket.create(stream_id=lane)
        seen = [(await socket.next())["stream_id"] for _ in range(8)]
    assert set(seen[:4]) == {"a", "b"}, "events of the two lanes interleave"


async def test_sixteen_responses_are_in_flight_and_the_seventeenth_waits(connect):
    async with (
        MockServer(script=[reply(Text("x", deltas=3))], pace=SLOW) as server,
        connect(server) as socket,
    ):
        for lane in range(17):
            await socket.create(stream_id=f"lane-{lane}")
        begun: list[str] = []
        ended = 0
        while ended < 17:
            event = await socket.next()
            if event["type"] == "response.created":
                if event["stream_id"] == "lane-16":
                    assert ended >= 1, "it began only when another had ended"
                begun.append(event["stream_id"])
            ended += event["type"] == "response.completed"
    assert begun == [f"lane-{lane}" for lane in range(17)]


async def test_the_thirty_third_lane_gets_the_documented_error_and_the_others_go_on(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        for lane in range(32):
            assert (await socket.turn(stream_id=f"agent_{lane}"))["type"] == "response.completed"
        await socket.create(stream_id="agent_33")
        assert json.dumps(await socket.next()) == json.dumps(
            {
                "type": "error",
                "status": 400,
                "stream_id": "agent_33",
                "error": {
                    "type": "invalid_request_error",
                    "code": "websocket_stream_limit_reached",
                    "message": "This WebSocket connection has reached its maximum number of distinct stream "
                    "IDs (32). Reuse an existing stream_id or open a new WebSocket connection.",
                    "param": "stream_id",
                },
            }
        )
        assert (await socket.turn(stream_id="agent_0"))["type"] == "response.completed"
        assert (await socket.turn())["type"] == "response.completed", "the default lane is not counted"


@pytest.mark.parametrize("name", ["", "a b", "x" * 257, 7, "ä"])
async def test_a_malformed_lane_gets_the_documented_error(connect, name):
    async with MockServer() as server, connect(server) as socket:
        await socket.create(stream_id=name)
        error = await socket.next()
        assert "stream_id" not in error
        assert error["error"]["code"] == "invalid_stream_id"
        assert error["error"]["param"] == "stream_id"


async def test_a_null_lane_is_the_default_lane(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        assert "stream_id" not in await socket.turn(stream_id=None)


# Memory


async def test_an_unstored_response_can_be_continued_on_its_socket_only(connect):
    async with MockServer(script=[reply("Hi")]) as server:
        async with connect(server) as socket:
            first = await socket.turn(store=False)
            second = await socket.turn(store=False, previous_response_id=ids(first))
            assert ids(second)[5:21] == ids(first)[5:21], "a chain shares its root"
            assert second["response"]["usage"]["input_tokens"] > first["response"]["usage"]["input_tokens"]
        async with connect(server) as socket:
            error = await socket.turn(store=False, previous_response_id=ids(second))
    assert error == {
        "type": "error",
        "status": 400,
        "error": {
            "type": "invalid_request_error",
            "code": "previous_response_not_found",
            "message": f"Previous response with id '{ids(second)}' not found.",
            "param": "previous_response_id",
        },
    }


async def test_only_the_latest_unstored_response_of_a_lane_is_kept(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        first = await socket.turn(store=False)
        await socket.turn(store=False, previous_response_id=ids(first))
        error = await socket.turn(store=False, previous_response_id=ids(first))
    assert error["error"]["code"] == "previous_response_not_found"


async def test_a_stored_response_is_found_from_another_socket_and_over_http(connect):
    async with MockServer(script=[reply("Hi")]) as server:
        async with connect(server) as socket:
            stored = await socket.turn()
        async with connect(server) as socket:
            assert (await socket.turn(previous_response_id=ids(stored)))["type"] == "response.completed"
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")
        answer = await client.responses.create(model="gpt-4o", input="hi", previous_response_id=ids(stored))
        await client.close()
    assert answer.previous_response_id == ids(stored)


async def test_a_failed_continuation_evicts_its_parent_on_the_same_lane(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        parent = await socket.turn(store=False)
        bad = await socket.turn(store=False, previous_response_id=ids(parent), temperature=-1)
        assert bad["error"]["code"] == "decimal_below_min_value"
        error = await socket.turn(store=False, previous_response_id=ids(parent))
    assert error["error"]["code"] == "previous_response_not_found"


async def test_a_response_that_fails_in_mid_stream_evicts_its_parent_too(connect):
    script = [reply(finish=Failed("server_error"), user="break"), reply("Hi")]
    async with MockServer(script=script) as server, connect(server) as socket:
        parent = await socket.turn(store=False)
        await socket.create("break", store=False, previous_response_id=ids(parent))
        assert (await socket.until_end())[-1]["type"] == "error"
        assert (await socket.next())["type"] == "response.failed"
        error = await socket.turn(store=False, previous_response_id=ids(parent))
    assert error["error"]["code"] == "previous_response_not_found"


async def test_a_fork_that_fails_leaves_the_parent_to_its_own_lane(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        parent = await socket.turn(store=False)
        fork = await socket.turn(store=False, previous_response_id=ids(parent), stream_id="fork")
        assert fork["response"]["previous_response_id"] == ids(parent)
        await socket.turn(store=False, previous_response_id=ids(parent), stream_id="fork", temperature=-1)
        again = await socket.turn(store=False, previous_response_id=ids(parent))
        assert again["type"] == "response.completed"
        lane = await socket.turn(store=False, previous_response_id=ids(fork), stream_id="fork")
        assert lane["type"] == "response.completed"


async def test_a_warm_up_gives_an_id_to_continue_from_and_no_output(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        await socket.create([], generate=False, instructions="Be brief.", store=False)
        events = await socket.until_end()
        assert [event["type"] for event in events] == [
            "response.created",
            "response.in_progress",
            "response.completed",
        ]
        assert events[-1]["response"]["output"] == []
        answer = await socket.turn(store=False, previous_response_id=ids(events[0]))
        assert answer["response"]["output"][0]["content"][0]["text"] == "Hi"


# Errors


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("not json", None),
        ("{", None),
        ("[]", "message"),
        ("1", "message"),
        ("null", "message"),
        ('"x"', "message"),
        ("{}", "type"),
        ('{"type": 5}', "type"),
        ('{"type":"response.unheard_of"}', "type"),
        ('{"type":"response.create"}', "model"),
        ('{"type":"response.create","model":"gpt-4o","input":' + "[" * 5000 + "]" * 5000 + "}", None),
        ('{"type":"response.create","model":"gpt-4o","input":"x","temperature":NaN}', None),
        (b"\x00\x01", None),
    ],
)
async def test_a_bad_message_is_answered_and_the_socket_stays(connect, message, param):
    async with MockServer(script=[reply("Still here")]) as server, connect(server) as socket:
        await socket.send(message)
        error = await socket.next()
        assert (error["type"], error["status"], error["error"]["param"]) == ("error", 400, param)
        assert list(error["error"]) == ["type", "code", "message", "param"]
        assert (await socket.turn())["type"] == "response.completed"


async def test_a_request_that_fails_leaves_other_lanes_alone(connect):
    async with (
        MockServer(script=[reply(Text("x", deltas=5))], pace=SLOW) as server,
        connect(server) as socket,
    ):
        await socket.create(stream_id="good")
        await socket.create(stream_id="bad", temperature=9)
        assert (await socket.until_end("bad"))[-1]["status"] == 400
        assert (await socket.until_end("good"))[-1]["type"] == "response.completed"


async def test_sixteen_mebibytes_close_the_socket_with_1009(connect):
    async with MockServer(script=[reply("Hi")]) as server:
        async with connect(server) as socket:
            blank = {"type": "response.create", "model": "gpt-4o", "input": "x"}
            fits = json.dumps(blank)
            await socket.send(fits + " " * (16_777_000 - len(fits)))
            assert (await socket.until_end())[-1]["type"] == "response.completed"
            with pytest.raises(websockets.ConnectionClosedError):
                await socket.turn(" " * 16_777_300)
            assert socket.raw.close_code == 1009
        await server.journal.wait(lambda journal: journal.entries[-1].kind == "close")
    assert server.journal.entries[-1].data["code"] == 1009


async def test_a_client_that_never_reads_is_not_read_from_for_ever(connect):
    big = "x" * 500_000
    async with (
        MockServer(script=[reply(Text("y" * 200_000, deltas=20))]) as server,
        connect(server) as socket,
    ):
        sent = 0

        async def flood() -> None:
            nonlocal sent
            while True:
                await socket.create(big, store=False)
                sent += 1

        # websockets itself buffers little once it is told not to read.
        socket.raw.transport.pause_reading()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flood(), 1.0)
        assert sent * len(big) < 64 * 1024 * 1024
        socket.raw.transport.abort()


async def test_keys_in_subprotocols_reach_neither_log_nor_journal(connect, caplog):
    caplog.set_level(logging.DEBUG)
    async with MockServer(script=[reply("Hi")]) as server:
        offered = ["realtime", "openai-insecure-api-key.sk-verysecret"]
        async with connect(server, subprotocols=offered) as socket:
            await socket.turn()
    assert "verysecret" not in repr(server.journal.entries)
    told = [
        record.getMessage() for record in caplog.records if not record.name.startswith("websockets.client")
    ]
    assert not any("verysecret" in line for line in told)


# Cancelling


async def cancelling(connect: Any, mode: str) -> tuple[list[dict[str, Any]], dict[str, Any], MockServer]:
    script = [reply(Text("x", deltas=12), user="long"), reply("Next", user="next")]
    async with MockServer(script=script, pace=SLOW, on_cancel=mode) as server, connect(server) as socket:
        await socket.create("long")
        created = await socket.next()
        await socket.send({"type": "response.cancel", "response_id": ids(created)})
        drained = [created, *await socket.until_end()]
        after = await socket.turn("next") if drained[-1]["type"] != "error" else {}
    return drained, after, server


async def test_cancel_ends_the_turn_at_once_and_the_next_one_is_answered(connect):
    drained, after, server = await cancelling(connect, "honour")
    assert drained[-1]["type"] == "response.incomplete"
    assert drained[-1]["response"]["status"] == "cancelled"
    assert [event["sequence_number"] for event in drained] == list(range(len(drained)))
    assert len(drained) < 10
    assert after["response"]["output"][0]["content"][0]["text"] == "Next"
    assert server.journal.responses[0].status == "cancelled"


async def test_cancel_can_be_ignored(connect):
    drained, after, _ = await cancelling(connect, "ignore")
    assert drained[-1]["type"] == "response.completed"
    assert after["type"] == "response.completed"


async def test_cancel_can_be_rejected(connect):
    drained, _, _ = await cancelling(connect, "reject")
    assert drained[-1]["error"]["param"] == "type"
    assert drained[-1]["status"] == 400


async def test_cancelling_what_is_over_says_nothing_at_all(connect):
    async with MockServer(script=[reply("Hi")]) as server, connect(server) as socket:
        done = await socket.turn()
        await socket.send({"type": "response.cancel", "response_id": ids(done)})
        await socket.send({"type": "response.cancel", "response_id": "resp_unknown"})
        await socket.create()
        assert (await socket.next())["type"] == "response.created"


# The 60 minutes

LIMIT_FRAME = (
    '{"type":"error","error":{"type":"invalid_request_error","code":"websocket_connection_limit_reached",'
    '"message":"Responses websocket connection limit reached (60 minutes). '
    'Create a new websocket connection to continue."},"status":400}'
)


async def test_an_idle_socket_is_told_of_the_limit_and_closed(connect):
    async with MockServer(connection_lifetime=0.05) as server, connect(server) as socket:
        assert await socket.raw.recv() == LIMIT_FRAME
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.raw.recv()
        assert socket.raw.close_code == 1001
        await server.journal.wait(lambda journal: journal.entries[-1].kind == "close")
    assert server.journal.entries[-1].data["by"] == "server"


async def test_a_turn_in_flight_ends_before_the_limit_closes_the_socket(connect):
    script = [reply(Text("x", deltas=10))]
    async with (
        MockServer(script=script, pace=SLOW, connection_lifetime=0.05) as server,
        connect(server) as socket,
    ):
        last = await socket.turn()
        assert last["type"] == "response.completed"
        assert await socket.raw.recv() == LIMIT_FRAME
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.raw.recv()


async def test_creates_behind_a_turn_that_outlives_the_limit_are_refused(connect):
    script = [reply(Text("x", deltas=10))]
    async with (
        MockServer(script=script, pace=SLOW, connection_lifetime=0.05) as server,
        connect(server) as socket,
    ):
        await socket.create()
        await socket.create()
        assert (await socket.until_end())[-1]["type"] == "response.completed"
        assert await socket.raw.recv() == LIMIT_FRAME
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.raw.recv()


async def test_the_limit_may_cut_a_turn_in_flight(connect):
    script = [reply(Text("x", deltas=100))]
    async with (
        MockServer(script=script, pace=SLOW, connection_lifetime=0.05, at_limit="cut") as server,
        connect(server) as socket,
    ):
        last = await socket.turn()
        assert last["error"]["code"] == "websocket_connection_limit_reached"
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.next()
    assert server.journal.responses[0].status is None


async def test_the_limit_may_wait_for_the_next_create(connect):
    async with (
        MockServer(connection_lifetime=0.02, at_limit="next_create") as server,
        connect(server) as socket,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.raw.recv(), 0.08)
        await socket.create()
        assert await socket.raw.recv() == LIMIT_FRAME
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.raw.recv()


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": -1},
        {"stop": ["x"]},
        {"input": [{}]},
        {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
        {"input": [{"type": "function_call_output", "call_id": "call_1", "output": "x"}]},
        {"model": "gpt-5", "temperature": 0.5},
        {"previous_response_id": "resp_none"},
        {"conversation": "conv_none"},
    ],
    ids=lambda fields: "-".join(fields),
)
async def test_what_is_refused_by_http_is_refused_on_a_socket_in_the_same_words(connect, http, fields):
    body = {"model": "gpt-4o", "input": "hi", **fields}
    async with MockServer() as server, connect(server) as socket:
        async with http.post(server.base_url + "/responses", json=body) as answer:
            told, status = (await answer.json())["error"], answer.status
        await socket.send({"type": "response.create", **body})
        frame = await socket.next()
        assert (frame["type"], frame["status"]) == ("error", status)
        assert frame["error"] == told
        assert (await socket.turn())["type"] == "response.completed", "the socket goes on"
