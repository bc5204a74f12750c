"""Canaries: a marked secret that goes in anywhere comes out nowhere, and what replaces it is consistent."""

from __future__ import annotations

import json

import pytest
from ninelives.cassette import Cassette, Redactor
from ninelives.cassette.builder import CassetteBuilder

KEY = "sk-proj-CANARY_0123456789-abcdefghij"
ORG = "org-CANARY0123456789abcdef"
PROJECT = "proj_CANARY0123456789abcdef"
COOKIE = "CANARYcookie0123456789abcdef"
ACCOUNT = "CANARY-acme-corporation"


def test_no_marked_secret_survives_wherever_it_stands() -> None:
    builder = CassetteBuilder(upstream="https://api.openai.com")
    writer = builder.line_writer()
    headers = {
        "Authorization": f"Bearer {KEY}",
        "OpenAI-Organization": ACCOUNT,
        "OpenAI-Project": PROJECT,
        "Cookie": f"__cf_bm={COOKIE}; other=1",
        "X-Whatever": "CANARY in a header nobody has heard of",
        "User-Agent": f"agent {KEY}",
    }
    body = {"model": "m", "input": f"my key is {KEY}", "tools": [{"authorization": "CANARYtoken"}]}
    writer.request(
        "POST", f"/v1/responses?api-key={KEY}&token=CANARY0123456789", headers, json.dumps(body).encode()
    )
    writer.response(
        200,
        [
            ("set-cookie", f"_cfuvid={COOKIE}; Path=/"),
            ("content-type", "text/event-stream"),
            ("x-request-id", ORG),
        ],
    )
    writer.read(
        b'event: x\ndata: {"type":"x","m":"' + f"{ORG} {PROJECT} {ACCOUNT} {COOKIE}".encode() + b'"}\n\n'
    )
    writer.read(f"event: {KEY}\ndata: not json Bearer CANARY0123\n\n".encode())
    writer.abort("reset")
    socket = builder.line_writer()
    protocols = f"realtime, openai-insecure-api-key.{KEY}, openai-organization.{ORG}"
    socket.open("/v1/responses", {"Sec-WebSocket-Protocol": protocols}, 101, {"set-cookie": COOKIE})
    socket.send(json.dumps({"type": "response.create", "input": KEY}).encode())
    socket.recv(b"\xff not text " + KEY.encode(), binary=True)
    socket.close("server", 1008, f"key {KEY} is bad")
    data = builder.bytes()
    assert b"CANARY" not in data
    import base64

    packed = [json.loads(line)["b64"] for line in data.splitlines() if b'"b64"' in line]
    assert packed
    assert not any(b"CANARY" in base64.b64decode(text) for text in packed)


def test_the_same_secret_gets_the_same_fake_of_the_same_length_everywhere() -> None:
    redactor = Redactor()
    redactor.learn({"authorization": f"Bearer {KEY}"})
    once = redactor.text(f'{{"a":"{KEY}","b":"{ORG}"}}'.encode())
    again = redactor.text(f"<{ORG}|{KEY}>".encode())
    fakes = json.loads(once)
    assert again.decode() == f"<{fakes['b']}|{fakes['a']}>"
    assert len(fakes["a"]) == len(KEY)
    assert fakes["a"].startswith("sk-")
    assert fakes["b"].startswith("org-")
    assert fakes["a"] != fakes["b"]
    other = f"sk-{'B' * 20}"
    assert redactor.text(other.encode()).decode() != fakes["a"]


@pytest.mark.parametrize("redactor", [Redactor(), Redactor(emails=True, phones=True)])
def test_redacting_twice_changes_nothing_more(redactor: Redactor) -> None:
    people = '"e":"eve@example.com","p":"+49 170 1234567"'
    text = f'{{"k":"{KEY}","password":"hunter2",{people},"u":"?key=ab12cd34ef56"}}'.encode()
    once = redactor.text(text)
    assert Redactor(emails=True).text(once) == once or not redactor.emails
    assert Redactor().text(once) == once
    assert Redactor().findings(once) == []


@pytest.mark.parametrize(
    "innocent",
    [
        "a task-management-system, ask-me-anything and the risk-free desk-research",
        'WWW-Authenticate: Bearer realm="OpenAI API"',
        "Bearer authentication is explained in RFC 6750",
        '{"properties":{"password":{"type":"string"}},"authorization":null}',
        "resp_0ead6dd9d85a718d0069b751369f9081979318d5031de99cbc call_abcdefghijklmnopqrstuvwx",
        "gAAAAABpt1E4xk-sk_Ab-org_x",
        "organise-yourself, org-wide, project_id proj_x",
        "sequence_number 12345 at 2026-11-24T09:00:00Z",
    ],
)
def test_ordinary_text_is_left_alone(innocent: str) -> None:
    assert Redactor(emails=True, phones=True).text(innocent.encode()) == innocent.encode()


def test_people_are_redacted_when_asked() -> None:
    text = b'{"to":"eve.example@mail.example.com","call":"+49 170 1234567"}'
    clean = Redactor(emails=True, phones=True).text(text)
    assert b"eve" not in clean
    assert b"1234567" not in clean
    assert json.loads(clean).keys() == {"to", "call"}
    assert Redactor().text(text) == text


def test_a_rule_of_ones_own() -> None:
    redactor = Redactor(rules=[(r"patient-\d+", "patient-0"), (rb"x+", lambda match: b"y" * len(match[0]))])
    assert redactor.text(b"patient-4711 xxx") == b"patient-0 yyy"


def test_only_headers_on_the_list_are_kept() -> None:
    kept = Redactor(headers=["X-Mine"]).kept_headers(
        {
            "Content-Type": "application/json",
            "X-Ratelimit-Limit-Tokens": "5",
            "X-Mine": "1",
            "X-Other": "2",
            "Authorization": KEY,
        }
    )
    assert kept == {"content-type": "application/json", "x-ratelimit-limit-tokens": "5", "x-mine": "1"}


def test_a_word_used_as_a_key_does_not_eat_the_text() -> None:
    redactor = Redactor()
    redactor.learn({"authorization": "Bearer test", "openai-organization": "acme"})
    assert redactor.text(b"a test for acme") == b"a test for acme"


def test_redaction_keeps_offsets_and_json_valid() -> None:
    stream = b'event: x\ndata: {"type":"x","m":"' + KEY.encode() + b'"}\n\n'
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses")
    writer.response(200, {"content-type": "text/event-stream"})
    for start in range(0, len(stream), 7):
        writer.read(stream[start : start + 7])
    writer.end()
    (exchange,) = Cassette.parse(builder.bytes()).exchanges
    assert exchange.reads is not None
    assert [len(data) for _, data in exchange.reads] == [7] * (len(stream) // 7) + [len(stream) % 7] * bool(
        len(stream) % 7
    )
    assert json.loads(exchange.events[0].event.data)["type"] == "x"


def test_findings_tell_where_but_not_what() -> None:
    data = f"key {KEY} and {ORG}".encode()
    found = Redactor().findings(data)
    assert [finding.kind for finding in found] == ["key", "organisation"]
    assert data[found[0].start : found[0].end] == KEY.removeprefix("sk-proj-").encode()
    assert "CANARY" not in repr(found)


def test_a_kept_header_is_judged_by_its_name_too() -> None:
    secret = "RIFQtLCrWyhJxU2MifUOqsloGlFwhxK8bA5Z"
    given = {"X-RateLimit-Key": secret, "x-ratelimit-reset-tokens": "1m2.5s", "User-Agent": "tests/1.0"}
    kept = Redactor().kept_headers(given)
    assert kept.pop("x-ratelimit-key") != secret
    assert kept == {"x-ratelimit-reset-tokens": "1m2.5s", "user-agent": "tests/1.0"}


@pytest.mark.parametrize("text", ["2026-11-30 12:21:13", "on 2026/11/30 12.21", "2026.01.02 2026"])
def test_a_date_with_a_time_is_no_phone_number(text: str) -> None:
    assert Redactor(phones=True).string(text) == text
