"""What `before_record_request` and `before_record_response` drop takes its counterpart along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ninelives.cassette import Cassette, LineWriter, RecordedRequest, Redactor
from ninelives.cassette.builder import CassetteBuilder


def ask(builder: CassetteBuilder, text: str, status: int = 200) -> None:
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, json.dumps({"input": text}).encode())
    writer.response(status, {"content-type": "application/json"})
    writer.body(json.dumps({"answer": text}).encode())
    writer.end()


def turn(writer: LineWriter, text: str, lane: str, *, ends: str = "response.completed") -> None:
    writer.send(json.dumps({"type": "response.create", "stream_id": lane, "input": text}).encode())
    for kind in ("response.created", ends):
        writer.recv(json.dumps({"type": kind, "stream_id": lane, "answer": text}).encode())


def drops_request(secret: str) -> Callable[[RecordedRequest], RecordedRequest | None]:
    return lambda request: None if secret.encode() in request.body else request


def drops_response(secret: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    return lambda response: None if secret.encode() in response["body"]["string"] else response


@pytest.mark.parametrize(
    "redactor",
    [
        lambda: Redactor(before_record_request=drops_request("private")),
        lambda: Redactor(before_record_response=drops_response("private")),
    ],
)
def test_neither_half_of_a_dropped_exchange_is_recorded(redactor: Callable[[], Redactor]) -> None:
    builder = CassetteBuilder(redactor=redactor())
    ask(builder, "public one")
    ask(builder, "private two")
    socket = builder.line_writer()
    socket.open("/v1/responses")
    turn(socket, "public three", "a")
    turn(socket, "private four", "a")
    turn(socket, "private five", "b", ends="response.failed")
    turn(socket, "public six", "b")
    socket.close("client", 1000)
    data = builder.bytes()
    assert b"private" not in data
    asked = [exchange.body["input"] for exchange in Cassette.parse(data).exchanges]
    assert asked == ["public one", "public three", "public six"]
    assert data.count(b'"k":"close"') == 1


def test_a_hook_on_the_status_drops_a_stream_and_its_request() -> None:
    redactor = Redactor(before_record_response=lambda seen: None if seen["status"]["code"] >= 500 else seen)
    builder = CassetteBuilder(redactor=redactor)
    for status in (200, 503):
        writer = builder.line_writer()
        writer.request("POST", "/v1/responses", {}, b"{}")
        writer.response(status, {"content-type": "text/event-stream"})
        writer.read(b'data: {"type":"x"}\n\n')
        writer.end()
    refused = builder.line_writer()
    refused.open("/v1/responses", {}, 503, {"content-type": "text/plain"})
    refused.body(b"not now")
    refused.end()
    assert [line.c for line in Cassette.parse(builder.bytes()).lines] == [1, 1, 1, 1]


def test_a_hook_that_keeps_everything_changes_nothing_but_may_rewrite() -> None:
    def shout(seen: dict[str, Any]) -> dict[str, Any]:
        return {**seen, "body": {"string": seen["body"]["string"].upper()}}

    plain, kept, loud = (
        CassetteBuilder(redactor=Redactor(before_record_response=hook)) for hook in (None, dict, shout)
    )
    for builder in (plain, kept, loud):
        ask(builder, "hello")
        socket = builder.line_writer()
        socket.open("/v1/responses")
        turn(socket, "hi", "a")
        socket.send(b'{"type":"response.create","input":"unanswered"}')
        socket.abort("reset")
    assert [line.replace(b" ", b"") for line in kept.bytes().splitlines()] == plain.bytes().replace(
        b" ", b""
    ).splitlines()
    assert b'{"ANSWER": "HELLO"}' in loud.bytes()
