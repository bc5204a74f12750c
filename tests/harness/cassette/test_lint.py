"""Before a cassette is committed: what is wrong with it is listed, and secrets can be taken out of it."""

from __future__ import annotations

import base64
from pathlib import Path

from ninelives.cassette import Cassette, Redactor
from ninelives.cassette.lint import lint, scrub
from ninelives.cassette.tape import Tape

KEY = "sk-CANARY0123456789abcd"


def cassette(path: Path, redactor: Redactor) -> Path:
    tape = Tape(redactor=redactor)
    track = tape.track()
    track.request(
        "POST",
        "/v1/responses",
        {"content-type": "application/json"},
        b'{ "input":"%b", "t":1.0}' % KEY.encode(),
    )
    track.response(200, {"content-type": "text/event-stream"})
    track.read(b'data: {"type":"response.completed","n":1.50}\n\n')
    track.end()
    socket = tape.track()
    socket.open("/v1/responses")
    socket.send(b'{"type":"response.create"}')
    socket.recv(KEY.encode() + b"\xff", binary=True)
    socket.close("server", 1000)
    path.write_bytes(tape.bytes())
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
        (2, "secret"),
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
    assert b'{ "input":"sk-001redacted' in scrubbed[1]
    assert b'"t":1.0}' in scrubbed[1]
    assert b'"accept":"*/*"' in scrubbed[1]
    assert scrub(path) == 0


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
