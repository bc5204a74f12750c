"""vcrpy's YAML, HAR and exchange files come in, stream again, and go out."""

from __future__ import annotations

import base64
import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml
from ninelives.cassette import Cassette, CassetteError, CassetteWarning, Exchange, Redactor
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cassette.convert import convert, load, sniff

STREAM = (
    b'event: response.created\ndata: {"type":"response.created","n":1.0}\n\n'
    b'event: response.completed\ndata: {"type":"response.completed","t":"\xc3\xa9"}\n\n'
)
KEY = "sk-CANARY0123456789abcd"


def interaction(**response: Any) -> dict[str, Any]:
    return {
        "request": {
            "method": "POST",
            "uri": "https://api.openai.com/v1/responses",
            "body": '{"model": "m", "stream": true}',
            "headers": {"authorization": [f"Bearer {KEY}"], "content-type": ["application/json"]},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-type": ["text/event-stream; charset=utf-8"]},
            "body": {"string": STREAM.decode()},
            **response,
        },
    }


def vcr_file(tmp_path: Path, *interactions: dict[str, Any]) -> Path:
    path = tmp_path / "theirs.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "interactions": list(interactions)}, allow_unicode=True))
    return path


def test_a_vcr_stream_streams_again(tmp_path: Path) -> None:
    cassette = convert(vcr_file(tmp_path, interaction()), tmp_path / "ours.jsonl")
    (exchange,) = Cassette.load(tmp_path / "ours.jsonl").exchanges
    assert [timed.event.type for timed in exchange.events] == ["response.created", "response.completed"]
    assert exchange.answer == STREAM
    assert exchange.path == "/v1/responses"
    assert cassette.header.upstream == "https://api.openai.com"
    assert b"CANARY" not in (tmp_path / "ours.jsonl").read_bytes()


def test_vcr_bodies_that_are_compressed_binary_or_old_fashioned(tmp_path: Path) -> None:
    body = b'{\n  "id": "resp_1"\n}'
    json_headers = {
        "content-type": ["application/json"],
        "content-encoding": ["gzip"],
        "content-length": ["1"],
    }
    cassette = load(
        vcr_file(
            tmp_path,
            interaction(headers=json_headers, body={"string": gzip.compress(body)}),
            interaction(headers=json_headers, body={"string": body.decode()}),
            interaction(
                headers={"content-type": "application/json"},
                body={"base64_string": base64.b64encode(body).decode()},
            ),
            interaction(headers={"content-type": ["audio/mpeg"]}, body={"string": b"\xff\x00\x01"}),
            interaction(headers={}, body={"string": ""}, status={"code": 204, "message": None}),
        )
    )
    assert [exchange.answer for exchange in cassette.exchanges] == [body, body, body, b"\xff\x00\x01", b""]
    assert "content-encoding" not in cassette.exchanges[0].headers
    assert cassette.exchanges[4].status == 204


def test_vcr_in_two_lists_gzipped_and_blotted_out_as_langchain_keeps_it(tmp_path: Path) -> None:
    one = interaction(headers={"content-type": "**REDACTED**", "date": "**REDACTED**"})
    one["request"] |= {
        "uri": "**REDACTED**",
        "headers": {"authorization": "**REDACTED**"},
        "body": b'{"input": "hi"}',
    }
    path = tmp_path / "theirs.yaml.gz"
    path.write_bytes(
        gzip.compress(yaml.safe_dump({"requests": [one["request"]], "responses": [one["response"]]}).encode())
    )
    (exchange,) = load(path).exchanges
    assert exchange.path == "/v1/responses"  # told by the body
    assert exchange.answer == STREAM
    assert len(exchange.events) == 2


def test_ours_goes_out_as_vcr_and_comes_back_the_same(tmp_path: Path) -> None:
    convert(
        vcr_file(
            tmp_path,
            interaction(),
            interaction(headers={"content-type": ["application/json"]}, body={"string": "{}"}),
        ),
        tmp_path / "a.jsonl",
    )
    convert(tmp_path / "a.jsonl", tmp_path / "b.yaml")
    theirs = yaml.safe_load((tmp_path / "b.yaml").read_text())
    assert theirs["interactions"][0]["request"]["uri"] == "https://api.openai.com/v1/responses"
    again = convert(tmp_path / "b.yaml", tmp_path / "c.jsonl").exchanges
    first = Cassette.load(tmp_path / "a.jsonl").exchanges
    assert [(e.method, e.path, e.body, e.status, e.answer) for e in again] == [
        (e.method, e.path, e.body, e.status, e.answer) for e in first
    ]


def socket_cassette(path: Path) -> Path:
    builder = CassetteBuilder(upstream="https://api.openai.com", recorded="2026-11-24T09:00:00Z")
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses?x=1", {"content-type": "application/json"}, b'{"stream":true}', t=5)
    writer.response(200, {"content-type": "text/event-stream"}, t=10)
    writer.read(STREAM, t=20)
    writer.end(t=30)
    socket = builder.line_writer()
    socket.open("/v1/responses", t=100)
    socket.send(b'{"type":"response.create"}', t=110)
    socket.recv(b'{"type":"response.completed","n":1.0}', t=150)
    socket.recv(b"\x00\xff", binary=True, t=160)
    socket.close("server", 1001, t=900)
    path.write_bytes(builder.bytes())
    return path


def test_what_vcr_cannot_hold_is_left_out_with_a_warning(tmp_path: Path) -> None:
    source = socket_cassette(tmp_path / "a.jsonl")
    with pytest.warns(CassetteWarning, match="1 of 2 exchanges are WebSocket turns or broke off"):
        convert(source, tmp_path / "b.yaml")
    assert len(load(tmp_path / "b.yaml")) == 1


def test_har_carries_sockets_both_ways(tmp_path: Path) -> None:
    convert(socket_cassette(tmp_path / "a.jsonl"), tmp_path / "b.har")
    log = json.loads((tmp_path / "b.har").read_text())["log"]
    assert log["version"] == "1.2"
    http, socket = log["entries"]
    assert http["request"]["url"] == "https://api.openai.com/v1/responses?x=1"
    assert socket["request"]["url"] == "wss://api.openai.com/v1/responses"
    assert [message["type"] for message in socket["_webSocketMessages"]] == ["send", "receive", "receive"]
    http_back, socket_back = convert(tmp_path / "b.har", tmp_path / "c.jsonl").exchanges
    assert http_back.answer == STREAM
    assert [timed.event.data for timed in socket_back.events] == [
        b'{"type":"response.completed","n":1.0}',
        b"\x00\xff",
    ]
    assert socket_back.events[0].at == pytest.approx(0.04)
    assert socket_back.body == {"type": "response.create"}


def test_a_har_of_a_browser(tmp_path: Path) -> None:
    entry = {
        "startedDateTime": "2026-11-24T09:00:00.250+01:00",
        "time": 90.5,
        "_resourceType": "websocket",
        "request": {
            "method": "GET",
            "url": "wss://api.openai.com/v1/responses",
            "headers": [
                {"name": ":authority", "value": "x"},
                {"name": "Authorization", "value": f"Bearer {KEY}"},
            ],
        },
        "response": {"status": 101, "headers": [], "content": {"size": 0}},
        "_webSocketMessages": [
            {
                "type": "send",
                "time": 1795507200.3,
                "opcode": 1,
                "data": json.dumps({"type": "response.create", "input": KEY}),
            },
            {"type": "receive", "time": 1795507200.5, "opcode": 1, "data": '{"type":"response.completed"}'},
        ],
    }
    failed = {
        "startedDateTime": "2026-11-24T08:00:01Z",
        "time": 5,
        "request": {
            "method": "POST",
            "url": "https://api.openai.com/v1/responses",
            "headers": [],
            "postData": {"text": "{}"},
        },
        "response": {"status": 0, "headers": []},
    }
    path = tmp_path / "browser.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": [failed, entry]}}))
    turn, broken = load(path).exchanges
    assert turn.transport == "websocket"
    assert turn.complete
    assert (broken.status, broken.ending) == (None, "reset")
    assert b"CANARY" not in load(path).data


def test_exchange_files_of_one_socket_share_a_connection(tmp_path: Path) -> None:
    for number in range(2):
        file = {
            "id": f"talk.{number}",
            "source": {"repo": "someone/talk", "licence": "MIT"},
            "transport": "websocket",
            "request": {
                "method": "WS",
                "path": "/v1/responses",
                "headers": {},
                "body": {"type": "response.create", "input": str(number)},
            },
            "response": {
                "status": 101,
                "headers": {},
                "events": [{"event": None, "data": {"type": "response.completed", "x": 1.0}}],
            },
        }
        (tmp_path / f"talk.{number}.json").write_text(json.dumps(file, indent=1))
    one, two = load(tmp_path).exchanges
    assert one.connection == two.connection
    assert one.events[0].event.data == b'{"type":"response.completed","x":1.0}'
    assert "someone/talk (MIT)" in load(tmp_path).header.origin


def test_an_answer_without_its_request_is_kept(tmp_path: Path) -> None:
    file = {
        "id": "a.0",
        "source": {},
        "request": {"method": "POST", "path": "/v1/responses", "headers": {}, "body": None},
        "response": {"status": None, "headers": {}, "body": {"error": {"x": [1.0, []]}}},
    }
    path = tmp_path / "a.0.json"
    path.write_text(json.dumps(file))
    (exchange,) = load(path).exchanges
    assert exchange.status == 400
    assert exchange.request == b""
    assert exchange.answer == json.dumps(file["response"]["body"], indent=2).encode()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"hello", "unknown format"),
        ("a.yaml", b"interactions: [\n", "YAML that cannot be read"),
        ("b.yaml", b"interactions:\nrequests: 1", "nothing"),
        ("a.har", b'{"log":{"entries":[{"request":{}}]}}', "not HAR 1.2"),
        ("a.jsonl", b'{"ninelives":1}\n{"k":"x"}\n', "a.jsonl:2"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if says == "nothing":
        assert len(load(path)) == 0
        return
    with pytest.raises(CassetteError) as caught:
        convert(path, tmp_path / "out.jsonl")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_target_must_say_what_it_is(tmp_path: Path) -> None:
    source = socket_cassette(tmp_path / "a.jsonl")
    assert sniff(source) == "cassette"
    with pytest.raises(CassetteError, match=r"\.jsonl, \.yaml or \.har"):
        convert(source, tmp_path / "b.txt")


def test_public_data_can_be_kept_as_it_is(tmp_path: Path) -> None:
    one = interaction(
        headers={"content-type": ["application/json"]}, body={"string": '{"org":"org-abcdefghijklmnop"}'}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = load(vcr_file(tmp_path, one), redactor=Redactor.off())
    assert b"org-abcdefghijklmnop" in kept.data
    assert KEY.encode() not in kept.data  # headers are kept by the list all the same


def test_a_byte_order_mark_is_no_part_of_a_recording(tmp_path: Path) -> None:
    source = socket_cassette(tmp_path / "a.jsonl")
    plain = source.read_bytes()
    convert(source, tmp_path / "a.har")
    for path in (source, tmp_path / "a.har"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert Cassette.load(source).data == plain
    assert load(source).data == plain
    assert len(load(tmp_path / "a.har")) == len(load(source))


def test_text_in_utf_16_is_told_what_it_is(tmp_path: Path) -> None:
    source = socket_cassette(tmp_path / "a.jsonl")
    source.write_bytes(source.read_text("utf-8").encode("utf-16"))
    with pytest.raises(CassetteError, match="found text in UTF-16; expected text in UTF-8; save the file"):
        Cassette.load(source)


def test_a_folder_without_recordings_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CassetteError, match="a folder without exchange files; expected"):
        convert(tmp_path / "empty", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_cassette_goes_out_as_har_and_comes_back_the_same_but_for_reads_and_closes(tmp_path: Path) -> None:
    for source in sorted((Path(__file__).parents[3] / "cassettes").glob("*.jsonl")):
        before = Cassette.load(source)
        convert(source, tmp_path / "a.har")
        after = load(tmp_path / "a.har")
        told = [_told(each) for each in after.exchanges]
        assert all(_told(each) in told for each in before.exchanges if each.complete)
        assert len(told) == len(before.exchanges)


def _told(exchange: Exchange) -> tuple[object, ...]:
    events = [(timed.event.type, timed.event.data) for timed in exchange.events]
    return exchange.request, exchange.status, exchange.answer, events


@pytest.mark.parametrize(
    "recorded", ["yesterday", "2026-13-45", "0001-01-01T00:00:00", "2026-11-30T00:00:00+99:00", "9" * 5000]
)
def test_a_recording_without_a_date_is_no_har(tmp_path: Path, recorded: str) -> None:
    path, target = tmp_path / "a.jsonl", tmp_path / "a.har"
    builder = CassetteBuilder(recorded=recorded)
    builder.line_writer().request("GET", "/v1/models")
    path.write_bytes(builder.bytes())
    with pytest.raises(CassetteError, match=r"a\.jsonl:1: found '.* as the time of the recording"):
        convert(path, target)
    assert not target.exists()
