"""Lines become exchanges: turns on a socket find their frames, and each exchange knows how it ended."""

from __future__ import annotations

import pytest
from mock_openai.responders.answer import Close
from ninelives.cassette import Cassette
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cassette.line_writer import LineWriter


def create(text: str, **more: str) -> bytes:
    import json

    return json.dumps({"type": "response.create", "model": "m", "input": text, **more}).encode()


def event(kind: str, response: str = "resp_1", **more: object) -> bytes:
    import json

    return json.dumps({"type": kind, "response": {"id": response, "output": []}, **more}).encode()


def socket() -> tuple[CassetteBuilder, LineWriter]:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses", {"user-agent": "me"}, 101, {"x-request-id": "req_1"})
    return builder, writer


def test_each_create_on_a_socket_is_an_exchange_of_its_own() -> None:
    builder, writer = socket()
    writer.send(create("one"))
    writer.recv(event("response.created"))
    writer.send(b'{"type":"response.cancel"}')
    writer.recv(event("response.completed"))
    writer.send(create("two"))
    writer.recv(event("response.created", "resp_2"))
    writer.recv(event("response.completed", "resp_2"))
    writer.close("client", 1000)
    one, two = Cassette.parse(builder.bytes()).exchanges
    assert (one.body["input"], two.body["input"]) == ("one", "two")
    assert [timed.event.type for timed in one.events] == ["response.created", "response.completed"]
    assert [line.data for line in one.sent]
    assert (one.response_id, two.response_id) == ("resp_1", "resp_2")
    assert (one.transport, one.method, one.path, one.status) == ("websocket", "GET", "/v1/responses", 101)
    assert one.headers == {"x-request-id": "req_1"}
    assert (one.ending, two.ending) == (
        "end",
        "end",
    )  # the client hung up after the last answer: no part of it


def test_lanes_on_one_socket_are_told_apart() -> None:
    builder, writer = socket()
    writer.send(create("left", stream_id="a"))
    writer.send(create("right", stream_id="b"))
    for kind in ("response.created", "response.completed"):
        writer.recv(event(kind, "resp_b", stream_id="b"))
        writer.recv(event(kind, "resp_a", stream_id="a"))
    left, right = Cassette.parse(builder.bytes()).exchanges
    assert (left.response_id, right.response_id) == ("resp_a", "resp_b")


def test_creates_sent_ahead_are_answered_in_their_order() -> None:
    builder, writer = socket()
    writer.send(create("one"))
    writer.send(create("two"))
    for name in ("resp_1", "resp_2"):
        writer.recv(event("response.created", name))
        writer.recv(event("response.completed", name))
    assert [exchange.response_id for exchange in Cassette.parse(builder.bytes()).exchanges] == [
        "resp_1",
        "resp_2",
    ]


@pytest.mark.parametrize("cut", ["close", "reset", "fin"])
def test_a_turn_that_was_cut_ends_as_its_socket_did(cut: str) -> None:
    builder, writer = socket()
    writer.send(create("one"))
    writer.recv(event("response.created"))
    if cut == "close":
        writer.close("server", 1011, "keepalive timeout")
    else:
        writer.abort("reset" if cut == "reset" else "fin")
    (turn,) = Cassette.parse(builder.bytes()).exchanges
    assert turn.ending == (Close(1011, "keepalive timeout") if cut == "close" else cut)
    assert not turn.complete


def test_an_error_frame_is_the_whole_answer_and_the_close_after_it_belongs_to_it() -> None:
    builder, writer = socket()
    writer.send(create("one"))
    writer.recv(b'{"type":"error","status":400,"error":{"code":"websocket_connection_limit_reached"}}')
    writer.close("server", 1000)
    (turn,) = Cassette.parse(builder.bytes()).exchanges
    assert turn.complete
    assert turn.ending == Close(1000, "")


def test_an_error_inside_a_response_is_followed_by_its_failure() -> None:
    builder, writer = socket()
    writer.send(create("one"))
    writer.recv(event("response.created"))
    writer.recv(b'{"type":"error","sequence_number":2,"error":{"code":"insufficient_quota"}}')
    writer.recv(event("response.failed"))
    (turn,) = Cassette.parse(builder.bytes()).exchanges
    assert [timed.event.type for timed in turn.events] == ["response.created", "error", "response.failed"]
    assert turn.complete


def test_a_refused_handshake_is_an_http_exchange() -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses", {}, 401, {"content-type": "text/plain"})
    writer.body(b'{"error":{}}')
    writer.end()
    (exchange,) = Cassette.parse(builder.bytes()).exchanges
    assert (exchange.transport, exchange.method, exchange.status) == ("http", "GET", 401)
    assert exchange.answer == b'{"error":{}}'
    assert exchange.headers == {"content-type": "text/plain"}


def test_a_request_without_any_answer_is_no_exchange() -> None:
    builder = CassetteBuilder()
    builder.line_writer().request("POST", "/v1/responses")
    refused = builder.line_writer()
    refused.request("POST", "/v1/responses")
    refused.abort("refused")
    (exchange,) = Cassette.parse(builder.bytes()).exchanges
    assert (exchange.status, exchange.ending) == (None, "reset")


def test_the_output_is_known_even_when_the_terminal_event_leaves_it_out() -> None:
    builder, writer = socket()
    writer.send(create("one"))
    writer.recv(event("response.created"))
    writer.recv(b'{"type":"response.output_item.done","item":{"type":"message","id":"msg_1"}}')
    writer.recv(event("response.completed"))
    (turn,) = Cassette.parse(builder.bytes()).exchanges
    assert turn.output == ({"type": "message", "id": "msg_1"},)
