"""The files of other recorders: each is read whole, or what is not read is named."""

from __future__ import annotations

import base64
import gzip
import json
import textwrap
import warnings
import zlib
from pathlib import Path
from typing import Any

import brotli
import httpx2 as httpx
import pytest
import zstandard
from mock_openai import MockServer
from ninelives.cassette import CassetteError, CassetteWarning, Exchange
from ninelives.cassette.checks import Wishes
from ninelives.cassette.convert import convert, load
from ninelives.cassette.lint_other_formats import found_in, is_recording
from ninelives.cassette.redact import Redactor
from ninelives.player import Player

URL = "https://api.openai.com/v1/responses"
ASKED = {"model": "gpt-4o", "input": "hi"}
ANSWER = {"id": "resp_1", "object": "response", "output": [{"type": "message", "id": "msg_1"}]}
STREAM = (
    'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1"}}\n\n'
    'event: response.completed\ndata: {"type":"response.completed",'
    '"response":{"id":"resp_1","status":"completed"}}\n\n'
)

VCRPY = """
interactions:
- request: {method: POST, uri: URL, body: 'ASKED', headers: {content-type: [application/json]}}
  response:
    status: {code: 200, message: OK}
    headers: {content-type: [application/json]}
    body: {string: 'ANSWER'}
version: 1
"""
PYDANTIC = """
interactions:
- request:
    headers: {content-length: ['105'], content-type: [application/json]}
    method: POST
    parsed_body: {input: hi, model: gpt-4o}
    uri: URL
  response:
    headers: {content-length: ['1183'], content-type: [application/json]}
    parsed_body: ANSWER
    status: {code: 200, message: OK}
version: 1
"""
HTTPX = """
interactions:
- request: {method: POST, uri: URL, body: 'ASKED', headers: {}}
  response:
    content: 'ANSWER'
    headers: {content-type: [application/json]}
    http_version: HTTP/1.1
    status_code: 200
version: 1
"""
RUBY = """
---
http_interactions:
- request:
    method: post
    uri: URL
    body: {encoding: UTF-8, string: 'ASKED'}
    headers: {Content-Type: [application/json]}
  response:
    status: {code: 200, message: OK}
    headers: {Content-Type: [application/json]}
    body: {encoding: ASCII-8BIT, string: 'ANSWER'}
    http_version: null
  recorded_at: Fri, 14 Mar 2025 15:06:41 GMT
recorded_with: VCR 6.1.0
"""
OLD_RUBY = """
---
- !ruby/struct:VCR::HTTPInteraction
  request: !ruby/struct:VCR::Request
    method: :post
    uri: URL
    body: 'ASKED'
    headers:
  response: !ruby/struct:VCR::Response
    status: !ruby/struct:VCR::ResponseStatus
      code: 200
      message: OK
    headers: {content-type: [application/json]}
    body: !binary |
      BASE64
    http_version: "1.1"
"""
R = """
http_interactions:
- request:
    method: POST
    uri: URL
    body: {string: 'ASKED'}
  response:
    status: 200
    headers: {content-encoding: gzip, content-type: application/json, date: 2025-10-22}
    body: {string: 'ANSWER'}
  recorded_at: 2025-10-22 14:23:48
recorded_with: VCR-vcr/2.0.0
"""
OLD_R = R.replace("status: 200", "status: {status_code: '200', category: Success, message: OK}")
GO = """
---
version: 2
interactions:
- id: 0
  request:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    content_length: 226
    host: api.openai.com
    body: 'ASKED'
    form: {}
    headers: {Content-Type: [application/json]}
    url: URL
    method: POST
  response:
    proto: HTTP/2.0
    proto_major: 2
    proto_minor: 0
    content_length: -1
    uncompressed: true
    body: 'ANSWER'
    headers: {Content-Type: [application/json]}
    status: 200 OK
    code: 200
    duration: 170.893459ms
"""
MULTIDICT = """
interactions:
- request:
    method: POST
    uri: URL
    body: 'ASKED'
    headers: {? !!python/object/new:multidict._multidict.istr [Content-Type] : [application/json]}
  response:
    status: {code: 200, message: OK}
    headers:
      ? !!python/object/apply:multidict._istr.istr
        args: [Content-Type]
        state: {__istr_title__: true}
      : !!python/tuple [application/json]
    body: {string: !!python/unicode 'ANSWER'}
"""
PAIRS = """
- request:
    {method: POST, url: URL, headers: [[content-type, application/json]], body: {model: gpt-4o, input: hi}}
  response: {status: 200, headers: [{name: Content-Type, value: application/json}], body: ANSWER}
"""
LAYOUTS = {
    "vcrpy": VCRPY,
    "pydantic-ai": PYDANTIC,
    "vcrpy's httpx of old": HTTPX,
    "VCR for Ruby": RUBY,
    "VCR 1 for Ruby": OLD_RUBY,
    "vcr for R": R,
    "vcr for R of old": OLD_R,
    "go-vcr": GO,
    "go-vcr 1": GO.replace("version: 2", "version: 1").replace("- id: 0\n  request", "- request"),
    "aiohttp's headers": MULTIDICT,
    "a list of pairs": PAIRS,
}


def written(tmp_path: Path, text: str, name: str = "talk.yaml") -> Path:
    filled = text.replace("URL", URL).replace(
        "BASE64", base64.b64encode(json.dumps(ANSWER).encode()).decode()
    )
    filled = filled.replace("ASKED", json.dumps(ASKED)).replace("ANSWER", json.dumps(ANSWER))
    path = tmp_path / name
    path.write_text(textwrap.dedent(filled))
    return path


def read(path: Path) -> Exchange:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is left out
        (exchange,) = load(path).exchanges
    return exchange


def complaints(path: Path) -> list[str]:
    """What `lint` says of a file, but for what is said of any cassette."""
    return [each.what for each in found_in(path, Wishes(Redactor())) if each.kind in ("unread", "unreadable")]


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
async def test_each_layout_is_read_whole_and_replays(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    exchange = read(path)
    assert (exchange.method, exchange.path, exchange.status) == ("POST", "/v1/responses", 200)
    assert exchange.body == ASKED
    assert json.loads(exchange.answer or b"") == ANSWER
    assert exchange.headers["content-type"] == "application/json"
    assert complaints(path) == []
    async with MockServer(responders=[Player(path)]) as server, httpx.AsyncClient() as client:
        answer = await client.post(f"{server.base_url}/responses", json=ASKED)
        assert (answer.status_code, answer.json()) == (200, ANSWER)


@pytest.mark.parametrize("text", [RUBY, GO, VCRPY, PAIRS], ids=["Ruby", "Go", "vcrpy", "pairs"])
def test_json_does_as_well_as_yaml(text: str, tmp_path: Path) -> None:
    import yaml

    path = written(tmp_path, text)
    path = path.with_suffix(".json")
    path.write_text(json.dumps(yaml.safe_load(path.with_suffix(".yaml").read_text()), default=str))
    assert json.loads(read(path).answer or b"") == ANSWER


@pytest.mark.parametrize("text", [RUBY, R, GO, HTTPX], ids=["Ruby", "R", "Go", "httpx"])
def test_streams_stream_again(text: str, tmp_path: Path) -> None:
    kind = text.replace("'ANSWER'", json.dumps(STREAM)).replace("application/json", "text/event-stream")
    exchange = read(written(tmp_path, kind))
    assert exchange.streamed
    assert [timed.event.type for timed in exchange.events] == ["response.created", "response.completed"]


def zipped(data: bytes) -> dict[str, bytes]:
    raw = zlib.compressobj(wbits=-15)
    return {
        "gzip": gzip.compress(data),
        "x-gzip": gzip.compress(data),
        "deflate": zlib.compress(data),
        "deflate ": raw.compress(data) + raw.flush(),
        "br": brotli.compress(data),
        "zstd": zstandard.compress(data),
        "gzip, br": brotli.compress(gzip.compress(data)),
        "identity": data,
    }


CODED = zipped(json.dumps(ANSWER).encode())


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("text", [VCRPY, RUBY, GO], ids=["vcrpy", "Ruby", "Go"])
def test_bodies_are_unpacked(text: str, coding: str, tmp_path: Path) -> None:
    header = f"headers: {{content-encoding: ['{coding}'], content-type: [application/json]}}\n    body"
    body = base64.b64encode(CODED[coding]).decode()
    binary = text.replace("{string: 'ANSWER'}", f"{{string: !!binary {body}}}")
    binary = binary.replace(
        "{encoding: ASCII-8BIT, string: 'ANSWER'}", f"{{encoding: ASCII-8BIT, base64_string: '{body}'}}"
    )
    binary = binary.replace(
        "    body: 'ANSWER'\n    headers: {",
        f"    body: !!binary {body}\n    headers: {{content-encoding: ['{coding}'], ",
    )
    binary = binary.replace("headers: {content-type: [application/json]}\n    body", header)
    binary = binary.replace("headers: {Content-Type: [application/json]}\n    body", header)
    exchange = read(written(tmp_path, binary))
    assert json.loads(exchange.answer or b"") == ANSWER
    assert "content-encoding" not in exchange.headers


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("version: 1", "version: 1\nseen: 3", "the field seen is unknown and was left out"),
        ("method: POST", "method: POST, retries: 3", "the field request.retries is unknown"),
        ("status: {", "timings: {total: 3}\n    status: {", "the field response.timings is unknown"),
        ("{string: 'ANSWER'}", "{string: 'ANSWER', checksum: 9}", "the field response.body.checksum is"),
        (
            "body: {string: 'ANSWER'}",
            "payload: 'ANSWER'",
            "the field response.payload is unknown",
        ),
        (
            "[application/json]}\n    body: {string: 'ANSWER'}",
            "[application/json], content-length: ['9']}\n    body: {string: ''}",
            "interaction 1: response has no body, but its content-length is 9",
        ),
        (
            "{content-type: [application/json]}\n    body: {string: 'ANSWER'}",
            "{content-encoding: [br]}\n    body: {string: !!binary AAEC}",
            "interaction 1: response.body was kept as it is: the body is not br",
        ),
        (
            "{content-type: [application/json]}\n    body: {string: 'ANSWER'}",
            "{content-encoding: [lzma]}\n    body: {string: !!binary AAEC}",
            "the content coding 'lzma' is not known",
        ),
    ],
)  # fmt: skip
def test_what_is_left_out_is_named_by_convert_show_and_lint(
    before: str, after: str, told: str, tmp_path: Path
) -> None:
    assert before in VCRPY
    path = written(tmp_path, VCRPY.replace(before, after))
    with pytest.warns(CassetteWarning, match="talk.yaml") as warned:
        convert(path, tmp_path / "talk.jsonl")
    assert any(told in str(each.message) for each in warned)
    assert any(told in each for each in complaints(path))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("uri: URL", "where: URL", "interaction 1: request has no uri or url"),
        ("status: {code: 200, message: OK}", "status: {}", "interaction 1: response has no status"),
        ("response:", "answer:", "interaction 1 has no response"),
        ("{string: 'ANSWER'}", "{base64_string: '###'}", "response.body.base64_string is not base64"),
        ("{string: 'ANSWER'}", "{file: body.txt}", "response.body is in a separate file"),
        ("headers: {content-type: [application/json]}\n", "headers: 7\n", "response.headers is the value 7"),
        ("- request:", "- !!python/object/apply:os.system [exit]\n- request:", "Python class os.system"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line_that_says_where(
    before: str, after: str, told: str, tmp_path: Path
) -> None:
    assert before in VCRPY
    with pytest.raises(CassetteError) as wrong:
        load(written(tmp_path, VCRPY.replace(before, after, 1)))
    assert told in str(wrong.value)
    assert "\n" not in str(wrong.value)


OTHERS: list[tuple[Any, str]] = [
    (
        [{"scope": "https://api.openai.com:443", "method": "POST", "path": "/v1/responses"}],
        "a nock recording",
    ),
    ({"info": {"schema": "https://schema.getpostman.com/v2.1.0"}, "item": []}, "a Postman collection"),
    ({"openapi": "3.1.0", "paths": {}}, "an OpenAPI description"),
    ({"mappings": [{"request": {}, "response": {}}]}, "WireMock's stub mappings"),
    ({"data": {"pairs": []}, "meta": {}}, "a Hoverfly simulation"),
]


@pytest.mark.parametrize(("document", "name"), OTHERS)
def test_other_tools_are_named_with_what_to_do(document: Any, name: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(document))
    with pytest.raises(CassetteError, match=name) as wrong:
        load(path)
    assert (
        "HAR" in str(wrong.value)
        or "docs/reference/cassettes.md" in str(wrong.value)
        or "record" in str(wrong.value)
    )


def test_an_exchange_file_names_its_field(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    given: dict[str, Any] = {
        "id": "a",
        "request": {"body": ASKED},
        "response": {"status": 200, "body": ANSWER},
    }
    path.write_text(json.dumps({**given, "source": {"repo": "r", "licence": None}}))
    assert json.loads(read(path).answer or b"") == ANSWER
    path.write_text(json.dumps({**given, "request": {"method": None}}))
    with pytest.raises(CassetteError, match=r"\$.request.method"):
        load(path)
    path.write_text(json.dumps({**given, "response": {**given["response"], "trailers": {"a": "b"}}}))
    with pytest.warns(CassetteWarning, match="the field response.trailers is unknown"):
        load(path)


def har(content: dict[str, Any], **headers: str) -> str:
    listed = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    entry = {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "request": {"method": "POST", "url": URL, "headers": [], "postData": {"text": json.dumps(ASKED)}},
        "response": {"status": 200, "headers": listed, "content": content},
    }
    return json.dumps({"log": {"entries": [entry]}})


def polly(data: bytes) -> str:
    return json.dumps([base64.b64encode(part).decode() for part in (data[:20], data[20:])])


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ({"text": polly(CODED["gzip"]), "encoding": "base64"}, {"content_encoding": "gzip"}),
        ({"text": polly(CODED["br"]), "encoding": "base64"}, {"content_encoding": "br"}),
        ({"text": polly(CODED["zstd"])}, {"content_encoding": "zstd"}),
        (
            {"text": base64.b64encode(CODED["gzip"]).decode(), "encoding": "base64"},
            {"content_encoding": "gzip"},
        ),
        ({"text": json.dumps(ANSWER)}, {"content_encoding": "gzip"}),
    ],
)
def test_a_har_of_polly_is_joined_and_unpacked(
    content: dict[str, Any], headers: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "recording.har"
    path.write_text(har(content, content_type="application/json", **headers))
    assert json.loads(read(path).answer or b"") == ANSWER


def test_a_har_says_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "recording.har"
    path.write_text(har({"size": 812, "mimeType": "application/json"}))
    with pytest.warns(CassetteWarning, match="entry 1: the answer has no content.text, but its size is 812"):
        load(path)
    assert complaints(path)
    path.write_text(har({"text": "not base64!", "encoding": "base64"}))
    with pytest.raises(CassetteError, match=r"entry 1: content.text is not base64"):
        load(path)


def test_a_bomb_is_kept_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ninelives.cassette.coding.EXPANDED", 1000)
    for coding, body in zipped(b" " * 5000).items():
        if coding == "identity":
            continue
        text = VCRPY.replace("{content-type", f"{{content-encoding: ['{coding}'], content-type")
        told = base64.b64encode(body).decode()
        path = written(tmp_path, text.replace("{string: 'ANSWER'}", f"{{string: !!binary {told}}}"))
        with pytest.warns(CassetteWarning, match="expand to more than|is not"):
            load(path)


def test_lint_finds_them_in_a_folder(tmp_path: Path) -> None:
    assert is_recording(written(tmp_path, RUBY))
    assert is_recording(written(tmp_path, GO))
