"""What `before_record_request` and `before_record_response` drop takes its counterpart along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ninelives.cassette import Cassette, RecordedRequest, Redactor, Track
from ninelives.cassette.tape import Tape


def ask(tape: Tape, text: str, status: int = 200) -> None:
    track = tape.track()
    track.request("POST", "/v1/responses", {}, json.dumps({"input": text}).encode())
    track.response(status, {"content-type": "application/json"})
    track.body(json.dumps({"answer": text}).encode())
    track.end()


def turn(track: Track, text: str, lane: str, *, ends: str = "response.completed") -> None:
    track.send(json.dumps({"type": "response.create", "stream_id": lane, "input": text}).encode())
    for kind in ("response.created", ends):
        track.recv(json.dumps({"type": kind, "stream_id": lane, "answer": text}).encode())


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
    tape = Tape(redactor=redactor())
    ask(tape, "public one")
    ask(tape, "private two")
    socket = tape.track()
    socket.open("/v1/responses")
    turn(socket, "public three", "a")
    turn(socket, "private four", "a")
    turn(socket, "private five", "b", ends="response.failed")
    turn(socket, "public six", "b")
    socket.close("client", 1000)
    data = tape.bytes()
    assert b"private" not in data
    asked = [exchange.body["input"] for exchange in Cassette.parse(data).exchanges]
    assert asked == ["public one", "public three", "public six"]
    assert data.count(b'"k":"close"') == 1


def test_a_hook_on_the_status_drops_a_stream_and_its_request() -> None:
    redactor = Redactor(before_record_response=lambda seen: None if seen["status"]["code"] >= 500 else seen)
    tape = Tape(redactor=redactor)
    for status in (200, 503):
        track = tape.track()
        track.request("POST", "/v1/responses", {}, b"{}")
        track.response(status, {"content-type": "text/event-stream"})
        track.read(b'data: {"type":"x"}\n\n')
        track.end()
    refused = tape.track()
    refused.open("/v1/responses", {}, 503, {"content-type": "text/plain"})
    refused.body(b"not now")
    refused.end()
    assert [line.c for line in Cassette.parse(tape.bytes()).lines] == [1, 1, 1, 1]


def test_a_hook_that_keeps_everything_changes_nothing_but_may_rewrite() -> None:
    def shout(seen: dict[str, Any]) -> dict[str, Any]:
        return {**seen, "body": {"string": seen["body"]["string"].upper()}}

    plain, kept, loud = (Tape(redactor=Redactor(before_record_response=hook)) for hook in (None, dict, shout))
    for tape in (plain, kept, loud):
        ask(tape, "hello")
        socket = tape.track()
        socket.open("/v1/responses")
        turn(socket, "hi", "a")
        socket.send(b'{"type":"response.create","input":"unanswered"}')
        socket.abort("reset")
    assert [line.replace(b" ", b"") for line in kept.bytes().splitlines()] == plain.bytes().replace(
        b" ", b""
    ).splitlines()
    assert b'{"ANSWER": "HELLO"}' in loud.bytes()
