"""What is replayed is what was received, byte for byte: over arbitrary streams, frames, bodies and read
boundaries.
"""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mock_openai.protocol import json as api_json
from ninelives.cassette import Cassette, Redactor
from ninelives.cassette.builder import CassetteBuilder

quick = settings(max_examples=150, deadline=None)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
odd_json = st.sampled_from(
    [
        b'{"b":1.0,"a":1e5,"a":2.50}',
        b'{"type":"x","type":"y"}',
        '{"type":"é","v":"\u2028 \u0085 \\u00e9 \\/"}'.encode(),
        b'{"type":"response.created","n":12345678901234567890123456789}',
        b'{"type": "response.created", "spaced": [1, 2]}',
        b"[1]",
        b"null",
        b"{}",
        b'{"v":"\\ud800"}',
        b'{"type":"x"} ',
        b'{"k":"send","t":1,"c":1}',
        b'{"v":"' + b"a" * 70_000 + b'"}',
    ]
)
json_texts = st.one_of(
    json_values.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    json_values.map(lambda value: json.dumps(value, separators=(",", ":")).encode()),
    odd_json,
)
names = st.sampled_from([b"response.created", b"x", b"", "ü".encode(), b"a: b", b"\xff"])
blocks = st.one_of(
    st.builds(lambda name, data: b"event: " + name + b"\ndata: " + data + b"\n\n", names, json_texts),
    json_texts.map(lambda data: b"event: " + _type(data) + b"\ndata: " + data + b"\n\n"),
    json_texts.map(lambda data: b"data: " + data + b"\n\n"),
    json_texts.map(lambda data: b"event: x\r\ndata: " + data + b"\r\n\r\n"),
    json_texts.map(lambda data: b"data:" + data + b"\r\r"),
    st.sampled_from(
        [b": keepalive\n\n", b"data: [DONE]\n\n", b"\n\n", b"\r\n\r\n", b"id: 7\nretry: 1\n\n", b"data\n\n"]
    ),
    st.binary(max_size=40),
)


def _type(data: bytes) -> bytes:
    try:
        value = json.loads(data)
    except ValueError:
        return b"x"
    name = value.get("type", "") if isinstance(value, dict) else ""
    return name.encode("utf-8", "replace") if isinstance(name, str) else b""


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(ends) if start != end]


def recorded_stream(reads: list[bytes], *, broken: bool = False) -> Cassette:
    builder = CassetteBuilder(redactor=Redactor.off())
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {"content-type": "application/json"}, b'{"stream":true}', t=0)
    writer.response(200, {"content-type": "text/event-stream; charset=utf-8"}, t=1)
    for place, data in enumerate(reads):
        writer.read(data, t=10 + place)
    if broken:
        writer.abort("reset", t=1000)
    else:
        writer.end(t=1000)
    return Cassette.parse(builder.bytes())


@quick
@given(
    st.lists(blocks, max_size=8).map(b"".join), st.lists(st.integers(0, 10_000), max_size=8), st.booleans()
)
@example(b"event: a\r\n\r\ndata: 1\r", [9, 10, 11, 12], True)
def test_a_stream_comes_back_byte_for_byte_however_it_was_cut(
    stream: bytes, places: list[int], broken: bool
) -> None:
    reads = cut(stream, places)
    (exchange,) = recorded_stream(reads, broken=broken).exchanges
    assert exchange.answer == stream
    events = exchange.events
    wires = [
        timed.event.wire or b"event: %b\ndata: %b\n\n" % (timed.event.type.encode(), timed.event.data)
        for timed in events
    ]
    assert b"".join(wires) == stream
    assert exchange.ending == ("reset" if broken else "end")


@quick
@given(st.lists(blocks, min_size=1, max_size=8).map(b"".join), st.lists(st.integers(0, 10_000), max_size=8))
def test_the_network_reads_come_back_with_their_times(stream: bytes, places: list[int]) -> None:
    reads = cut(stream, places)
    (exchange,) = recorded_stream(reads).exchanges
    kept = exchange.reads
    if kept is None:  # each read was exactly one event
        kept = tuple(
            (
                timed.at,
                timed.event.wire
                or b"event: %b\ndata: %b\n\n" % (timed.event.type.encode(), timed.event.data),
            )
            for timed in exchange.events
        )
    assert [data for _, data in kept] == reads
    assert [at for at, _ in kept] == [pytest.approx((10 + place) / 1000) for place in range(len(reads))]


@quick
@given(
    st.one_of(
        json_texts, st.binary(max_size=60), st.text().map(lambda text: text.encode("utf-8", "replace"))
    ),
    st.booleans(),
)
def test_a_websocket_message_comes_back_byte_for_byte_in_either_direction(data: bytes, binary: bool) -> None:
    builder = CassetteBuilder(redactor=Redactor.off())
    writer = builder.line_writer()
    writer.open("/v1/responses")
    writer.send(b'{"type":"response.create"}')
    writer.send(data, binary=binary)
    writer.recv(data, binary=binary)
    writer.close("server", 1000)
    cassette = Cassette.parse(builder.bytes())
    turn = cassette.exchanges[0]
    assert turn.events[0].event.data == data
    from ninelives.cassette.lines import exact_bytes

    assert [exact_bytes(line) for line in cassette.lines[2:4]] == [data, data]


@quick
@given(
    st.one_of(
        json_texts,
        json_values.map(
            lambda value: json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
        ),
        json_values.map(lambda value: json.dumps(value, indent=4).encode()),
        st.binary(max_size=60),
    )
)
def test_a_body_comes_back_byte_for_byte(data: bytes) -> None:
    builder = CassetteBuilder(redactor=Redactor.off())
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, data)
    writer.response(200, {"content-type": "application/json"})
    writer.body(data)
    writer.end()
    (exchange,) = Cassette.parse(builder.bytes()).exchanges
    assert exchange.request == data
    assert exchange.answer == data


@pytest.mark.thorough
def test_a_message_of_16_mib_survives() -> None:
    data = b'{"type":"response.create","v":"' + b"x" * 2**24 + b'"}'
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.open("/v1/responses")
    writer.send(data)
    writer.recv(data)
    writer.close("server", 1000)
    (turn,) = Cassette.parse(builder.bytes()).exchanges
    assert turn.request == data
    assert turn.events[0].event.data == data


def test_json_is_kept_as_json_so_that_people_and_jq_can_read_it() -> None:
    stream = b'event: response.created\ndata: {"type":"response.created","n":1.0}\n\n'
    cassette = recorded_stream([stream])
    line = next(line for line in cassette.data.split(b"\n") if b'"k":"event"' in line)
    assert line == b'{"t":10,"c":1,"k":"event","data":{"type":"response.created","n":1.0}}'
    builder = CassetteBuilder()
    writer = builder.line_writer()
    writer.request("GET", "/v1/responses/resp_1")
    writer.response(200, {"content-type": "application/json"})
    writer.body(b'{\n  "id": "resp_1",\n  "temperature": 1.0\n}')
    assert b'"body":{"id":"resp_1","temperature":1.0},"indent":2' in builder.bytes()


def test_json_of_more_values_than_are_read_is_kept_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_json, "MOST_READ", 100)
    few, many = (b"[%b]" % b",".join([b"1"] * number) for number in (100, 101))
    for body, kept in ((few, b'"body":[1,'), (many, b'"text":"[1,')):
        builder = CassetteBuilder(redactor=Redactor.off())
        writer = builder.line_writer()
        writer.request("POST", "/v1/responses", {}, body)
        writer.response(200, {"content-type": "application/json"})
        writer.body(b"{}")
        writer.end()
        assert kept in builder.bytes()
        assert Cassette.parse(builder.bytes()).exchanges[0].request == body


def test_one_changed_event_changes_one_line() -> None:
    events = [b'data: {"type":"x","n":%d}\n\n' % number for number in range(50)]
    before = recorded_stream(events).data.split(b"\n")
    events[20] = b'data: {"type":"x","n":"changed"}\n\n'
    after = recorded_stream(events).data.split(b"\n")
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
