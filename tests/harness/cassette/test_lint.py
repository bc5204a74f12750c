"""Before a cassette is committed: what is wrong with it is listed, and secrets can be taken out of it."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ninelives.cassette import Cassette, CassetteWarning, Redactor
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cassette.convert import convert
from ninelives.cassette.lint import lint
from ninelives.cassette.scrub import scrub

KEY = "sk-CANARY0123456789abcd"


def cassette(path: Path, redactor: Redactor) -> Path:
    builder = CassetteBuilder(redactor=redactor)
    writer = builder.line_writer()
    writer.request(
        "POST",
        "/v1/responses",
        {"content-type": "application/json"},
        b'{ "input":"%b", "t":1.0}' % KEY.encode(),
    )
    writer.response(200, {"content-type": "text/event-stream"})
    writer.read(b'data: {"type":"keepalive","n":1.50}\n\n')
    writer.end()
    socket = builder.line_writer()
    socket.open("/v1/responses")
    socket.send(b'{"type":"response.create"}')
    socket.recv(KEY.encode() + b"\xff", binary=True)
    socket.close("server", 1000)
    path.write_bytes(builder.bytes())
    return path


def test_a_clean_cassette_has_no_problems(tmp_path: Path) -> None:
    assert lint(cassette(tmp_path / "a.jsonl", Redactor())) == []


def test_secrets_are_found_in_text_headers_and_base64_and_scrubbed(tmp_path: Path) -> None:
    path = cassette(tmp_path / "a.jsonl", Redactor.off())
    path.write_bytes(
        path.read_bytes().replace(b'"content-type":"application/json"', b'"x-secret":"CANARY","accept":"*/*"')
    )
    found = lint(path)
    assert [(problem.line, problem.kind) for problem in found] == [
        (2, "secret"),  # a field
        (2, "secret"),  # and a key
        (2, "header"),
        (8, "secret"),
    ]
    assert "CANARY" not in "".join(map(str, found))
    untouched = path.read_bytes().split(b"\n")
    assert scrub(path) == 2
    assert lint(path) == []
    scrubbed = path.read_bytes().split(b"\n")
    assert b"CANARY" not in path.read_bytes()
    assert b"CANARY" not in base64.b64decode(Cassette.load(path).lines[6].b64 or "")  # type: ignore[union-attr]
    assert [
        place for place, (old, new) in enumerate(zip(untouched, scrubbed, strict=True), 1) if old != new
    ] == [2, 8]
    assert b'{ "input":"sk-002redacted' in scrubbed[1]
    assert b'"t":1.0}' in scrubbed[1]
    assert b'"accept":"*/*"' in scrubbed[1]
    assert scrub(path) == 0


def test_of_a_file_that_is_no_cassette_one_line_tells_it_and_its_secrets_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"a: 1\nb: 2\nkey: sk-proj-4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c\n")
    assert [(problem.line, problem.kind) for problem in lint(path)] == [(1, "unreadable"), (3, "secret")]


def test_broken_lines_invalid_events_and_unfinished_exchanges(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"ninelives":1}\n{"t":0,"c":1,"k":"end"\n')
    assert [(problem.line, problem.kind) for problem in lint(path)] == [(2, "unreadable")]
    path.write_bytes(b'{"ninelives":1}\n')
    assert [problem.kind for problem in lint(path)] == ["empty"]
    path.write_bytes(
        b'{"ninelives":1}\n{"t":0,"c":1,"k":"request","method":"POST","path":"/v1/responses"}\n'
        b'{"t":0,"c":1,"k":"response","status":200}\n{"t":0,"c":1,"k":"event","data":{"typ":"x"}}\n'
    )
    assert [(problem.line, problem.kind) for problem in lint(path)] == [(2, "unfinished"), (4, "event")]


def streamed(path: Path, *events: dict[str, object], model: str = "gpt-5.4", **header: str) -> Path:
    builder = CassetteBuilder(redactor=Redactor.off(), upstream="https://api.openai.com", **header)
    for said in (1, 2):
        writer = builder.line_writer()
        body = json.dumps({"model": model, "input": f"number {said}", "stream": True}).encode()
        writer.request("POST", "/v1/responses", {}, body)
        writer.response(200, {"content-type": "text/event-stream"})
        for event in events:
            writer.read(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        writer.end()
    path.write_bytes(builder.bytes())
    return path


REST: dict[str, object] = {"logprobs": [], "sequence_number": 1}


def delta(text: str) -> dict[str, object]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return {
        "type": "response.output_text.delta",
        **place,
        "delta": text,
        "logprobs": [],
        "sequence_number": 1,
    }


def test_a_secret_that_is_spelled_is_found_where_it_begins_and_scrubbed(tmp_path: Path) -> None:
    path = streamed(tmp_path / "a.jsonl", *map(delta, ("It is ", "sk-CAN", "ARY0123456789", " as", " said.")))
    found = lint(path)
    assert [(problem.line, problem.kind) for problem in found] == [(5, "secret"), (13, "secret")]
    assert "continues in the next deltas" in str(found[0])
    before = path.read_bytes().split(b"\n")
    assert scrub(path) == 4
    assert lint(path) == []
    after = path.read_bytes().split(b"\n")
    assert b"CAN" not in path.read_bytes()
    assert [len(line) for line in before] == [len(line) for line in after]
    assert scrub(path) == 0


def test_events_are_held_to_the_types_of_the_sdk(tmp_path: Path) -> None:
    wrong = {**delta("hello"), "content_index": "0"}
    path = streamed(tmp_path / "a.jsonl", delta("hi"), wrong, {"type": "response.levitating", "n": 1})
    found = [problem for problem in lint(path) if problem.line and problem.line < 8]
    assert [(each.line, each.kind, each.warning) for each in found] == [
        (5, "event", False),
        (6, "event", True),
    ]
    assert "response.output_text.delta: int_type at content_index" in found[0].what
    assert "knows no event 'response.levitating', 2 times" in found[1].what


def test_every_broken_line_is_named_and_the_secrets_beside_them(tmp_path: Path) -> None:
    path = streamed(tmp_path / "a.jsonl", delta(f"the key {KEY}"))
    lines = path.read_bytes().split(b"\n")
    lines[2], lines[5] = b'{"t":1,', b'{"t":1,"c":1,"k":"nonsense"}'
    path.write_bytes(b"\n".join(lines))
    kinds = [(problem.line, problem.kind) for problem in lint(path)]
    assert kinds == [(3, "unreadable"), (4, "secret"), (6, "unreadable"), (8, "secret")]


def test_what_is_unused_or_has_grown_old(tmp_path: Path) -> None:
    done = {"type": "response.created", "response": {"id": "resp_1"}}
    path = streamed(tmp_path / "a.jsonl", done, model="gpt-2.7-turbo", recorded="2020-01-01T00:00:00Z")
    found = [problem for problem in lint(path, used=[2], older_than=30) if problem.kind != "event"]
    assert [(problem.line, problem.kind) for problem in found] == [(1, "stale"), (2, "unused"), (2, "stale")]
    assert "--refresh" in found[0].what
    assert "'gpt-2.7-turbo'" in found[2].what
    assert not [p for p in lint(path, used=[1, 2], older_than=1e6) if p.kind not in ("event", "stale")]


@pytest.mark.thorough
def test_a_long_cassette_is_looked_over_in_little_memory(tmp_path: Path) -> None:
    said = [delta("It is a fine day at the harbour. " * 4)] * 25
    short = streamed(tmp_path / "short.jsonl", *said)
    header, *rest = short.read_bytes().splitlines(keepends=True)
    places = range(1, 121)
    long = tmp_path / "long.jsonl"
    long.write_bytes(
        header
        + b"".join(line.replace(b'"c":', b'"c":%d' % place) for place in places for line in rest)
        + b'{"t":9,"c":9,"k":"open","path":"/v1/responses"}\n'  # and a turn that goes on and on
        + b'{"t":9,"c":9,"k":"send","data":{"type":"response.create"}}\n'
        + b'{"t":9,"c":9,"k":"recv","data":%s}\n' % json.dumps(said[0]).encode() * 1800
    )
    assert long.stat().st_size > 2_000_000
    # About nine copies of the 64 KiB that are searched at a time; a file three times as long takes no more.
    assert peak_of(lint, long) < 800_000
    assert {problem.kind for problem in lint(long)} == {"unfinished"}


def peak_of(look: Callable[[Path], object], path: Path) -> int:
    look(path)  # what is imported and remembered forever
    tracemalloc.start()
    try:
        assert look(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_secret_in_a_text_that_never_ends_is_found(tmp_path: Path) -> None:
    words = ["so it goes on "] * 6000
    words[4681:4684] = ["sk-CAN", "ARY0123", "456789"]  # where 64 KiB are over
    path = streamed(tmp_path / "a.jsonl", *map(delta, words))
    assert [problem.line for problem in lint(path)] == [4685, 10688]


def test_what_editors_and_shells_make_of_a_cassette(tmp_path: Path) -> None:
    path = cassette(tmp_path / "a.jsonl", Redactor())
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n", "\n\n"), encoding="utf-8-sig")
    assert lint(path) == []
    path.write_text(text, encoding="utf-16")
    assert [problem.what for problem in lint(path)] == ["found text in UTF-16; save the file as UTF-8"]
    partial = path.with_suffix(".jsonl.partial")
    partial.write_text(text + '{"t":9,"c"', encoding="utf-8")
    with pytest.warns(CassetteWarning, match="the last line is incomplete"):
        assert lint(partial) == []


def test_vcrpys_yaml_is_looked_over_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    clean = streamed(tmp_path / "a.jsonl", delta("hello"))
    path = tmp_path / "others" / "theirs.yaml"
    convert(clean, path)
    assert [problem.kind for problem in lint(path)] == []
    theirs = yaml.safe_load(path.read_text(encoding="utf-8"))
    asked, answered = theirs["interactions"][0]["request"], theirs["interactions"][1]["response"]
    asked["headers"]["Authorization"] = [f"Bearer {KEY}"]
    asked["headers"]["Cookie"] = ["**REDACTED**"]
    answered["headers"]["Set-Cookie"] = ["__cf_bm=0123456789abcdefghij; path=/"]
    answered["body"]["string"] = gzip.compress(f"data: {json.dumps(delta('ghp_' + 'c4n4' * 5))}\n\n".encode())
    answered["headers"]["Content-Encoding"] = ["gzip"]
    path.write_text(yaml.safe_dump(theirs), encoding="utf-8")
    found = lint(path)
    line = 1 + path.read_text(encoding="utf-8").splitlines().index(f"      - Bearer {KEY}")
    assert [(each.line, each.kind) for each in found] == [
        (None, "header"),
        (None, "header"),
        (None, "secret"),
        (line, "secret"),
    ]
    told = "\n".join(map(str, found))
    assert "'authorization' holds a credential; `ninelives convert` it" in told
    assert "'set-cookie'" in told
    assert "exchange 2 holds a secret (token)" in told
    assert "CANARY" not in told
    convert(path, clean)
    assert [problem.kind for problem in lint(clean)] == []


def test_har_is_looked_over_too(tmp_path: Path) -> None:
    wrong = {**delta("hello"), "content_index": "0"}
    convert(streamed(tmp_path / "a.jsonl", wrong), tmp_path / "a.har")
    assert [(each.line, each.kind) for each in lint(tmp_path / "a.har")] == [(None, "event")] * 2
    assert "exchange 2: response.output_text.delta: int_type" in str(lint(tmp_path / "a.har")[1])
    (tmp_path / "b.har").write_text('{"log": {}}', encoding="utf-8")
    assert [each.kind for each in lint(tmp_path / "b.har")] == ["unreadable"]
