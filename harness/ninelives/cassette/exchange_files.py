"""Exchange files: one JSON file per exchange, as in research collections of API traffic.

    {"id", "source", "transport", "request": {method, path, headers, body},
     "response": {status, headers, body | events}}

Their bodies are JSON values, not bytes, so the bytes are made as the API formats such values (observed):
compact JSON in events and frames, two spaces of indentation in plain bodies. There are no times, so all lines
are spaced evenly.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from mock_openai.protocol.json import object_in

from ninelives.cassette.builder import CassetteBuilder
from ninelives.cassette.errors import CassetteError, CassetteWarning
from ninelives.cassette.reader import read_file
from ninelives.cassette.redact import Redactor

_NULL = b"null"
_UNKNOWN_ERROR = 400  # collections without a status kept successes only


class _Request(msgspec.Struct):
    method: str = "POST"
    path: str = "/v1/responses"
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(_NULL)


class _Event(msgspec.Struct):
    data: msgspec.Raw
    event: str | None = None


class _Response(msgspec.Struct):
    status: int | None = None
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(_NULL)
    events: list[_Event] | None = None


class _Source(msgspec.Struct):
    repo: str | None = ""
    licence: str | None = ""


class _File(msgspec.Struct):
    id: str
    request: _Request
    response: _Response
    transport: str = "http"
    provider: str | None = None
    source: _Source = msgspec.field(default_factory=_Source)


_decoder = msgspec.json.Decoder(_File)


def is_exchange(data: bytes) -> bool:
    """Whether a JSON text has the layout of an exchange file; `load` reports what is wrong in it."""
    return {"id", "request", "response"} <= (object_in(data) or {}).keys()


def load(paths: Iterable[Path], redactor: Redactor | None = None) -> bytes:
    """Return the files as one cassette; the turns of one socket (same name except the last number) share a
    connection.
    """
    files = [_read(path) for path in sorted(paths, key=_place)]
    sources = sorted(
        {
            f"{file.source.repo} ({file.source.licence or 'no license named'})"
            for file in files
            if file.source.repo
        }
    )
    builder = CassetteBuilder(
        origin="converted from exchange files: " + ", ".join(sources), redactor=redactor
    )
    sockets: dict[str, list[_File]] = {}
    for file in files:
        if file.transport == "websocket":
            sockets.setdefault(file.id.rpartition(".")[0], []).append(file)
        else:
            _http(file, builder)
    for turns in sockets.values():
        _socket(turns, builder)
    return builder.bytes()


def _http(file: _File, builder: CassetteBuilder) -> None:
    line_writer, request, response = builder.line_writer(), file.request, file.response
    line_writer.request(request.method, request.path, request.headers, _compact(request.body))
    headers = {
        k: v for k, v in response.headers.items() if k.lower() not in ("content-encoding", "content-length")
    }
    if response.events is None:
        line_writer.response(response.status or _UNKNOWN_ERROR, headers)
        line_writer.body(_body(response))
    else:
        kind = next((k for k in headers if k.lower() == "content-type"), "content-type")
        line_writer.response(response.status or 200, {**headers, kind: "text/event-stream; charset=utf-8"})
        for event in response.events:
            name = b"" if event.event is None else b"event: " + event.event.encode() + b"\n"
            line_writer.read(name + b"data: " + _compact(event.data) + b"\n\n")
    line_writer.end()


def _socket(turns: list[_File], builder: CassetteBuilder) -> None:
    line_writer = builder.line_writer()
    line_writer.open(turns[0].request.path, turns[0].request.headers, 101)
    for file in turns:
        line_writer.send(_compact(file.request.body))
        for event in file.response.events or []:
            line_writer.recv(_compact(event.data))
    line_writer.close("client", 1000)


def _body(response: _Response) -> bytes:
    compact = _compact(response.body)
    length = next((v for k, v in response.headers.items() if k.lower() == "content-length"), None)
    return compact if length == str(len(compact)) else msgspec.json.format(compact, indent=2)


def _compact(raw: msgspec.Raw) -> bytes:
    data = msgspec.json.format(bytes(raw), indent=-1)
    return b"" if data == _NULL else data


def _read(path: Path) -> _File:
    data = read_file(path)
    try:
        file = _decoder.decode(data)
        for name in _unknown(data):
            warnings.warn(
                f"{path}: the field {name} is unknown and was left out", CassetteWarning, stacklevel=2
            )
        return file
    except (ValueError, RecursionError) as error:
        raise CassetteError(
            path,
            None,
            f"not an exchange file ({error})",
            '"id", "request" and "response"',
            "check what the file is",
        ) from None


def _unknown(data: bytes) -> Iterator[str]:
    """Return the names of fields with content that are not read here."""
    whole = msgspec.json.decode(data)
    for place, kind in (("", _File), ("request", _Request), ("response", _Response)):
        given = whole.get(place, {}) if place else whole
        for name, value in given.items():
            if name not in kind.__struct_fields__ and value not in (None, "", [], {}):
                yield f"{place}.{name}" if place else name


def _place(path: Path) -> tuple[str, int]:
    name, _, number = path.name.removesuffix(".json").rpartition(".")
    return (name, int(number)) if number.isdigit() else (path.name, 0)
