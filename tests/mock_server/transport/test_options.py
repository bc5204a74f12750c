"""What is not known of the real server: each option does what its page says."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
import websockets
from mock_openai import Behaviour, Failed, MockServer, Text, faults, reply
from mock_openai.protocol import tokens

BREAK = reply(Text("x", deltas=2), finish=Failed("server_error"), user="break")
SCRIPT = [BREAK, reply("Hi")]
pytestmark = pytest.mark.virtual_time
SLOW = "fixed:0.02"


def serve(pace: str = "instant", script: Any = SCRIPT, lifetime: float = 3600, **options: Any) -> MockServer:
    return MockServer(script=script, pace=pace, connection_lifetime=lifetime, behaviour=Behaviour(**options))


async def post(http: aiohttp.ClientSession, server: MockServer, **fields: Any) -> tuple[int, Any]:
    body = {"model": "gpt-4o", "input": "hi", **fields}
    async with http.post(server.base_url + "/responses", json=body) as answer:
        return answer.status, json.loads(await answer.text())


def named(event: dict[str, Any]) -> str:
    return event["response"]["id"]


@pytest.mark.parametrize(
    ("options", "body", "status", "error"),
    [
        (
            {"model_not_found": "chat"},
            {"model": "gpt-nil"},
            404,
            {
                "message": "The model `gpt-nil` does not exist or you do not have access to it.",
                "type": "invalid_request_error",
                "param": None,
                "code": "model_not_found",
            },
        ),
        (
            {"unsupported_parameter": "code"},
            {"model": "gpt-5", "temperature": 0.5},
            400,
            {
                "message": "Unsupported parameter: 'temperature' is not supported with this model.",
                "type": "invalid_request_error",
                "param": "temperature",
                "code": "unsupported_parameter",
            },
        ),
        (
            {"safety_identifier_max": 64},
            {"safety_identifier": "x" * 65},
            400,
            {
                "message": "Invalid 'safety_identifier': string too long. Expected a string with maximum "
                "length 64, but got a string with length 65 instead.",
                "type": "invalid_request_error",
                "param": "safety_identifier",
                "code": "string_above_max_length",
            },
        ),
    ],
)
async def test_errors_whose_wording_is_told_differently(http, options, body, status, error):
    async with serve(**options) as server:
        assert await post(http, server, **body) == (status, {"error": error})
    async with MockServer() as server:
        there = await post(http, server, **body)
        assert there != (status, {"error": error}), "the default is another"


@pytest.mark.parametrize("status", [404, 400])
async def test_the_status_of_items_and_conversations_that_are_not_there(http, status):
    async with serve(item_not_found=status, conversation_not_found=status) as server:
        item = [{"type": "item_reference", "id": "msg_none"}]
        assert (await post(http, server, input=item))[0] == status
        assert (await post(http, server, conversation="conv_none"))[0] == status
        async with http.get(server.base_url + "/conversations/conv_none") as answer:
            assert answer.status == status


async def test_flat_error_events_on_both_transports(http, connect):
    async with serve(error_events="flat") as server, connect(server) as socket:
        await socket.create("break", stream_id="a")
        error = (await socket.until_end("a"))[-1]
        assert list(error) == ["type", "sequence_number", "code", "message", "param", "stream_id"]
        ask = {"model": "gpt-4o", "input": "break", "stream": True}
        async with http.post(server.base_url + "/responses", json=ask) as answer:
            lines = [line for line in (await answer.text()).splitlines() if '"type":"error"' in line]
        assert list(json.loads(lines[0].removeprefix("data: "))) == list(error)[:-1]


@pytest.mark.parametrize(
    ("parents", "ends"),
    [
        ("ended", {"completed", "incomplete"}),
        ("completed", {"completed"}),
        ("any", {"completed", "incomplete", "failed"}),
    ],
)
async def test_which_responses_may_be_continued(http, parents, ends):
    script = [BREAK, reply(Text("x" * 400), user="long"), reply("Hi")]
    async with serve(script=script, parents=parents) as server:
        continued = set()
        for text, more, ending in (
            ("hi", {}, "completed"),
            ("long", {"max_output_tokens": 16}, "incomplete"),
            ("break", {}, "failed"),
        ):
            _, first = await post(http, server, input=text, **more)
            assert first["status"] == ending
            if (await post(http, server, previous_response_id=first["id"]))[0] == 200:
                continued.add(ending)
        assert continued == ends


@pytest.mark.parametrize(("choice", "status"), [("not_found", 400), ("conflict", 409), ("wait", 200)])
async def test_continuing_from_a_background_response_that_is_not_over(http, choice, status):
    script = [reply(Text("x", deltas=4), user="slow"), reply("Hi")]
    async with serve(SLOW, script, unfinished_parent=choice) as server:
        _, first = await post(http, server, input="slow", background=True)
        assert (await post(http, server, previous_response_id=first["id"]))[0] == status


async def test_a_socket_may_keep_more_than_the_latest(connect):
    async with serve(socket_memory="all") as server, connect(server) as socket:
        first = await socket.turn(store=False)
        await socket.turn(store=False, previous_response_id=named(first))
        assert (await socket.turn(store=False, previous_response_id=named(first)))[
            "type"
        ] == "response.completed"
        await socket.turn(store=False, previous_response_id=named(first), temperature=-1)


@pytest.mark.parametrize("ending", ["incomplete", "failed", "cancelled"])
async def test_how_a_cancelled_response_ends(http, connect, ending):
    script = [reply(Text("x", deltas=50))]
    async with serve(SLOW, script, cancelled_event=ending) as server, connect(server) as socket:
        await socket.create()
        begun = await socket.next()
        await socket.send({"type": "response.cancel", "response_id": named(begun)})
        while (event := await socket.next())["type"] in ("response.in_progress",):
            pass
        assert (event["type"], event["response"]["status"]) == (f"response.{ending}", "cancelled")
        _, first = await post(http, server, background=True)
        async with http.post(f"{server.base_url}/responses/{first['id']}/cancel") as answer:
            assert (await answer.json())["status"] == "cancelled"


@pytest.mark.parametrize("ending", ["incomplete", "failed", "cancelled"])
async def test_everybody_knows_how_a_cancelled_response_ends(http, connect, ending):
    """Metrics, journal and faults go by the same table of event types as memory and the transports."""
    script = [reply(Text("x", deltas=50))]
    async with serve(SLOW, script, cancelled_event=ending) as server, connect(server) as socket:
        await socket.create()
        begun = await socket.next()
        await socket.send({"type": "response.cancel", "response_id": named(begun)})
        while (await socket.next())["type"] != f"response.{ending}":
            pass
        assert server.journal.responses[0].status == "cancelled"
        async with http.get(server.base_url.replace("/v1", "/__mock__/metrics")) as answer:
            metrics = await answer.text()
        assert "mock_openai_turns_open 0" in metrics
        assert f'mock_openai_turns_total{{ended="{ending}"}} 1' in metrics

        server.faults.add(faults.at(event="terminal").fin())
        fields = {"model": "gpt-4o", "input": "hi", "background": True, "stream": True}
        async with http.post(server.base_url + "/responses", json=fields) as answer:
            head = await answer.content.readuntil(b"\n\n")
            wanted = json.loads(head.partition(b"data: ")[2])["response"]["id"]
            async with http.post(f"{server.base_url}/responses/{wanted}/cancel") as cancelled:
                assert cancelled.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.content.read()


async def test_background_and_stream_on_a_socket(connect):
    async with MockServer(script=SCRIPT) as server, connect(server) as socket:
        error = (await socket.turn(background=True))["error"]
        assert (error["code"], error["param"]) == ("unsupported_parameter", "background")
        assert (await socket.turn(stream=False))["type"] == "response.completed"
    async with (
        serve(background_on_socket="stream", stream_on_socket="reject") as server,
        connect(server) as socket,
    ):
        await socket.create(background=True)
        assert [event["type"] for event in await socket.until_end()][1] == "response.queued"
        assert (await socket.turn(stream=True))["error"]["message"] == "Unknown parameter: 'stream'."


async def test_bad_messages_may_be_ignored(connect):
    async with serve(bad_message="ignore") as server, connect(server) as socket:
        for message in ("{", "[]", b"\x00", '{"type":"response.unheard_of"}'):
            await socket.send(message)
        assert (await socket.turn())["type"] == "response.completed"


@pytest.mark.parametrize(("message", "code"), [("{", 1007), (b"\x00", 1003), ('{"type":"x"}', 1007)])
async def test_bad_messages_may_close_the_socket(connect, message, code):
    async with serve(bad_message="close") as server, connect(server) as socket:
        await socket.send(message)
        with pytest.raises(websockets.ConnectionClosed):
            await socket.next()
        assert socket.raw.close_code == code


async def test_warm_ups(connect):
    ask: dict[str, Any] = {"type": "response.create", "model": "gpt-4o", "generate": False}
    async with serve(warm_up="short", warm_up_usage="zero") as server, connect(server) as socket:
        await socket.send(ask)
        events = await socket.until_end()
        assert [event["type"] for event in events] == ["response.created", "response.completed"]
        assert [event["sequence_number"] for event in events] == [0, 1]
        assert events[-1]["response"]["usage"]["total_tokens"] == 0
    async with serve(warm_up_usage="null", warm_up_input="required") as server, connect(server) as socket:
        await socket.send(ask)
        assert (await socket.next())["error"]["code"] == "missing_required_parameter"
        assert (await socket.turn(generate=False))["response"]["usage"] is None


async def test_the_limit_may_leave_the_socket_open(connect):
    async with serve(lifetime=0.05, limit_close=None) as server, connect(server) as socket:
        for _ in range(2):
            assert (await socket.next())["error"]["code"] == "websocket_connection_limit_reached"
            await socket.create()
        assert (await socket.next())["error"]["code"] == "websocket_connection_limit_reached"


async def test_the_limit_may_close_with_another_code(connect):
    async with serve(lifetime=0.05, limit_close=1000) as server, connect(server) as socket:
        assert (await socket.next())["error"]["code"] == "websocket_connection_limit_reached"
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.next()


async def test_compression_may_be_agreed_to(connect):
    async with serve(deflate=True) as server, connect(server, compression="deflate") as socket:
        assert "permessage-deflate" in socket.raw.response.headers["Sec-WebSocket-Extensions"]
        assert (await socket.turn("x" * 500))["type"] == "response.completed"


async def test_sizes_and_numbers_of_messages(connect):
    async with serve(max_message=1000) as server, connect(server) as socket:
        with pytest.raises(websockets.ConnectionClosedError):
            await socket.turn("x" * 2000)
        assert socket.raw.close_code == 1009
    async with serve(max_waiting=1) as server, connect(server) as socket:
        for _ in range(5):
            await socket.create()
        for _ in range(5):
            assert (await socket.until_end())[-1]["type"] == "response.completed"


async def test_pings_come_and_idle_sockets_go(http):
    async with (
        serve(ping_interval=0.02, idle_timeout=0.1) as server,
        http.ws_connect(server.ws_url, autoping=False) as socket,
    ):
        await socket.send_json({"type": "response.create", "model": "gpt-4o", "input": "hi"})
        kinds = []
        async for message in socket:
            kinds.append(message.type)
        assert kinds.count(aiohttp.WSMsgType.PING) >= 2
        assert socket.close_code == 1000


async def test_a_socket_may_say_keepalive(connect):
    tokens.prepare()  # the first turn of a process would spend the silence loading it
    script = [reply("Well.", delay=0.13)]
    async with serve(script=script, socket_keepalive=0.05) as server, connect(server) as socket:
        await socket.create()
        events = await socket.until_end()
    assert [event["type"] for event in events].count("keepalive") == 2
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize(
    "options",
    [{"at_limit": "x"}, {"item_not_found": 500}, {"keepalive": 0}, {"limit_close": 1005}, {"deflate": 1}],
)
def test_a_value_that_an_option_does_not_have_is_told_in_one_line(options):
    with pytest.raises(ValueError, match=r"\w+=\S+: takes "):
        Behaviour(**options)


async def test_a_handshake_may_carry_no_more_than_the_upgrade(connect):
    async with MockServer() as server, connect(server) as socket:
        headers = socket.raw.response.headers
        assert (headers["Server"], headers["CF-Cache-Status"]) == ("cloudflare", "DYNAMIC")
        assert "x-request-id" not in headers
    async with serve(handshake_headers="bare") as server, connect(server) as socket:
        assert "CF-Ray" not in socket.raw.response.headers
