"""Who answers: responders before the script, the script before improvising; and recordings, repeated byte for
byte.
"""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
import websockets
from mock_openai import ApiError, Close, MockServer, Recorded, Reply, Script, Text, Timed, faults, reply
from mock_openai.protocol.events import Event

ASK = {"model": "gpt-4o", "input": "hi"}


class Always:
    """A responder that gives one answer to everything, and keeps the turns it was asked about."""

    def __init__(self, answer, *, takes_errors=False):
        self.answer_with = answer
        self.takes_errors = takes_errors
        self.turns = []

    async def answer(self, turn):
        self.turns.append(turn)
        if isinstance(self.answer_with, Exception) and not isinstance(self.answer_with, ApiError):
            raise self.answer_with
        return self.answer_with


class AlsoHttp(Always):
    async def answer_http(self, method, path_qs, body):
        return self.answer_with if path_qs == "/v1/files?limit=1" else None


async def post(server, **fields):
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.base_url + "/responses", json={**ASK, **fields}) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


async def text_of(server, **fields):
    _, _, body = await post(server, **fields)
    return json.loads(body)["output"][0]["content"][0]["text"]


async def test_a_responder_comes_before_the_script_and_may_pass():
    async with MockServer(script=[reply("script")], responders=[Always(Reply((Text("mine"),)))]) as server:
        assert await text_of(server) == "mine"
    async with MockServer(script=[reply("script")], responders=[Always(None)]) as server:
        assert await text_of(server) == "script"
    async with MockServer(script=[reply("script", user="something else")]) as server:
        assert await text_of(server), "it improvises"
        assert "Nearest was rule 1" in server.script.misses[0]


async def test_only_a_responder_that_takes_errors_is_asked_about_invalid_requests():
    sees, does_not = Always(Reply((Text("x"),)), takes_errors=True), Always(Reply((Text("x"),)))
    async with MockServer(responders=[does_not]) as server:
        assert (await post(server, temperature=-1))[0] == 400
    assert does_not.turns == []
    sees.answer_with = Recorded(body=b"{}")
    async with MockServer(responders=[sees]) as server:
        assert (await post(server, temperature=-1))[0] == 200
    assert sees.turns[0].error.code == "decimal_below_min_value"


async def test_a_responder_sees_history_key_and_place():
    seen = Always(None)
    async with (
        MockServer(script=[reply("Hi")], responders=[seen]) as server,
        aiohttp.ClientSession(headers={"Authorization": "Bearer sk-mine"}) as session,
    ):
        async with session.post(server.base_url + "/responses", json=ASK) as answer:
            parent = (await answer.json())["id"]
        async with session.post(
            server.base_url + "/responses", json={**ASK, "previous_response_id": parent}
        ) as answer:
            assert answer.status == 200
    turn = seen.turns[1]
    assert [item["role"] for item in turn.history] == ["user", "assistant"]
    assert (turn.connection, turn.number, turn.key, turn.transport) == (1, 2, "sk-mine", "http")


class Spoils:
    """A responder that passes, and leaves nothing of the turn as it was."""

    takes_errors = False

    async def answer(self, turn):
        spoil(turn)


class SpoilsScript(Script):
    async def answer(self, turn):
        spoil(turn)
        return await super().answer(turn)


class OnlyReads(Always):
    reads_only = True


class Derived(OnlyReads):
    async def answer(self, turn):
        spoil(turn)


def spoil(turn):
    for item in (*turn.body["input"], *turn.request.input, *turn.history):
        item.clear()
    turn.body["input"].append({"role": "user", "content": "never said"})
    turn.body["tools"].clear()
    turn.request.metadata["spoilt"] = "yes"
    turn.body["metadata"]["spoilt"] = "yes"


SAID = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    "given", [Spoils(), Derived(None)], ids=["a responder", "derived from one that reads"]
)
async def test_what_a_responder_does_to_its_turn_changes_nothing_that_is_stored_or_answered(given):
    await the_turn_stays(MockServer(script=[reply("Hi.")], responders=[given]))


async def test_neither_does_what_a_class_derived_from_the_script_does():
    await the_turn_stays(MockServer(script=SpoilsScript([reply("Hi.")])))


async def the_turn_stays(server):
    asked = {"model": "gpt-4o", "input": SAID, "tools": [TOOL], "metadata": {"mine": "1"}}
    async with server, aiohttp.ClientSession() as session:

        async def say(**more):
            async with session.post(server.base_url + "/responses", json={**asked, **more}) as answer:
                assert answer.status == 200
                return await answer.json()

        async def read(path):
            async with session.get(f"{server.base_url}/responses/{path}") as answer:
                return await answer.json()

        first = await say()
        again = await say()  # the same bytes, which the server knows by now
        second = await say(previous_response_id=first["id"])
        for told in (first, again, second):
            assert [tool["name"] for tool in told["tools"]] == ["look"]
            assert told["metadata"] == {"mine": "1"}
            (item,) = (await read(f"{told['id']}/input_items?limit=1"))["data"]
            assert item["content"][0]["text"] == "hi"
        assert first["usage"]["input_tokens"] == again["usage"]["input_tokens"]
        assert server.journal.requests[1] == asked


async def test_a_class_that_says_that_it_only_reads_is_given_the_turn_without_a_copy():
    reads, may_change = OnlyReads(None), Always(None)
    async with MockServer(script=[reply("Hi.")], responders=[reads, may_change]) as server:
        await text_of(server)
        await text_of(server)
    first, second = (turn.body for turn in reads.turns)
    assert first is second, "the server's own, which it knows by its bytes"
    first, second = (turn.body for turn in may_change.turns)
    assert first == second
    assert first is not second


async def test_a_responder_that_raises_is_a_500_with_its_words_and_the_server_lives_on(caplog):
    broken = Always(RuntimeError("my own bug"))
    async with MockServer(responders=[broken]) as server:
        status, _, body = await post(server)
        assert status == 500
        assert "RuntimeError: my own bug" in json.loads(body)["error"]["message"]
        broken.answer_with = None
        assert (await post(server))[0] == 200
    assert "my own bug" in caplog.text


async def test_other_exchanges_can_be_answered_from_a_recording():
    recorded = Recorded(
        status=202, headers={"Content-Type": "text/plain", "Transfer-Encoding": "x"}, body=b"files"
    )
    async with MockServer(responders=[AlsoHttp(recorded)]) as server, aiohttp.ClientSession() as session:
        async with session.get(server.base_url + "/files?limit=1") as answer:
            assert (answer.status, await answer.read()) == (202, b"files")
            assert answer.headers["Content-Type"] == "text/plain"
        async with session.get(server.base_url + "/files?limit=2") as answer:
            assert answer.status == 404


# Recordings

CREATED = Event("response.created", b'{"type":"response.created","response":{"id":"resp_recorded"}}')
ODD = Event("odd", b'{"b" : 1}', wire=b'data: {"b" : 1}\r\n\r\n')
DONE = Event(
    "response.completed",
    b'{"type":"response.completed","response":{"id":"resp_recorded","status":"completed","output":[]}}',
)
EVENTS = (Timed(0.0, CREATED), Timed(0.02, ODD), Timed(0.04, DONE))
WIRE = (
    b"event: response.created\ndata: "
    + CREATED.data
    + b'\n\ndata: {"b" : 1}\r\n\r\nevent: response.completed\ndata: '
    + DONE.data
    + b"\n\n"
)


async def test_a_recorded_stream_is_repeated_byte_for_byte():
    headers = {"X-Request-Id": "req_recorded", "Content-Length": "5", "Set-Cookie": "secret"}
    recorded = Recorded(headers=headers, events=EVENTS)
    async with MockServer(responders=[Always(recorded)]) as server:
        status, answered, body = await post(server, stream=True)
    assert (status, body) == (200, WIRE)
    assert answered["x-request-id"] == "req_recorded"
    assert "Set-Cookie" not in answered


async def test_a_recorded_body_keeps_status_and_bytes():
    recorded = Recorded(status=429, headers={"retry-after": "3"}, body=b'{"error" : {}}  ')
    async with MockServer(responders=[Always(recorded)]) as server:
        status, headers, body = await post(server)
    assert (status, headers["retry-after"], body) == (429, "3", b'{"error" : {}}  ')


async def test_recorded_network_reads_are_repeated_at_their_times():
    first = WIRE.index(b"\n\n") + 2
    chunks = ((0.0, WIRE[:first]), (0.03, WIRE[first : first + 9]), (0.06, WIRE[first + 9 :]))
    recorded = Recorded(events=EVENTS, chunks=chunks)
    async with MockServer(responders=[Always(recorded)], pace="recorded") as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        ask = json.dumps({**ASK, "stream": True}).encode()
        writer.write(
            b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(ask), ask)
        )
        await reader.readuntil(b"\r\n\r\n")
        sizes = []
        while size := int((await reader.readline()).strip() or b"0", 16):
            sizes.append(size)
            await reader.readexactly(size + 2)
        writer.close()
        at = [entry.at for entry in server.journal.entries if entry.kind == "event"]
    assert sizes == [first, 9, len(WIRE) - first - 9]
    assert at[1] - at[0] >= 0.055, "an event is noted when the last of its bytes has left"
    assert server.journal.events() == [CREATED, ODD, DONE]


async def test_another_pace_drops_recorded_times():
    recorded = Recorded(events=tuple(Timed(timed.at * 1000, timed.event) for timed in EVENTS))
    async with MockServer(responders=[Always(recorded)]) as server:
        assert (await post(server, stream=True))[2] == WIRE


async def frames(server):
    got = []
    async with websockets.connect(server.ws_url) as raw:
        await raw.send(json.dumps({"type": "response.create", **ASK}))
        try:
            while True:
                got.append(await asyncio.wait_for(raw.recv(), 0.3))
        except (websockets.ConnectionClosed, TimeoutError) as error:
            return got, error


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("end", "TimeoutError"),
        ("fin", "no close frame received or sent"),
        ("reset", "ConnectionResetError"),
        (Close(1012, "x"), "received 1012 (service restart) x; then sent 1012 (service restart) x"),
    ],
    ids=["end", "fin", "reset", "close"],
)
async def test_recorded_frames_keep_their_text_and_their_ending(ending, expected):
    recorded = Recorded(events=EVENTS, ending=ending)
    async with MockServer(responders=[Always(recorded)]) as server:
        got, error = await frames(server)
    assert got == [CREATED.data.decode(), ODD.data.decode(), DONE.data.decode()]
    assert expected in (str(error), type(error).__name__, type(error.__cause__).__name__)


async def test_a_recorded_http_error_is_an_error_frame_on_a_socket():
    recorded = Recorded(status=429, body=b'{"error":{"message":"slow","type":"t","param":null,"code":"c"}}')
    async with MockServer(responders=[Always(recorded)]) as server:
        got, _ = await frames(server)
    assert json.loads(got[0]) == {
        "type": "error",
        "status": 429,
        "error": {"message": "slow", "type": "t", "param": None, "code": "c"},
    }


async def test_faults_strike_recorded_traffic_too():
    recorded = Recorded(events=EVENTS, chunks=((0.0, WIRE),))
    fault = faults.at(event="odd").drop()
    async with MockServer(responders=[Always(recorded)], pace="recorded:0", faults=[fault]) as server:
        _, _, body = await post(server, stream=True)
    assert body == WIRE.replace(ODD.wire, b"")


async def test_a_recorded_response_can_be_continued():
    async with MockServer(responders=[Always(Recorded(events=EVENTS))]) as server:
        await post(server, stream=True)
        status, _, _ = await post(server, previous_response_id="resp_recorded")
    assert status == 200


async def test_the_same_seed_gives_the_same_bytes_and_another_gives_others():
    bodies = []
    for seed in (1, 1, 2):
        async with MockServer(script=[reply("Hi")], seed=seed) as server:
            bodies.append((await post(server, stream=True))[2])
    ids = [body.split(b'"id":"resp_')[1][:16] for body in bodies]
    assert ids[0] == ids[1] != ids[2]
