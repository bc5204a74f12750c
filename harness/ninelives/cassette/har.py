"""Reads and writes HAR 1.2, including WebSocket messages in Chrome's form (`_webSocketMessages`).

Browsers and proxies export HAR, and many viewers show it. It has no boundaries of events or reads, no close
codes and no resets; those are lost on export and absent on import.
"""

from __future__ import annotations

import base64
import warnings
from codecs import BOM_UTF8
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from mock_openai.protocol.json import object_in
from mock_openai.wire.hop_by_hop import OF_THE_BODY

from ninelives.cassette.builder import CassetteBuilder, origin_of, path_of
from ninelives.cassette.cassette import Cassette
from ninelives.cassette.coding import CodingError, Room
from ninelives.cassette.errors import CassetteError, CassetteWarning
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.lines import CloseLine, Open, Recv, Send, exact_bytes
from ninelives.cassette.reader import read_file
from ninelives.cassette.redact import Redactor
from ninelives.cassette.sse import blocks
from ninelives.cassette.writer import TOOL

_TEXT_OPCODE, _BINARY_OPCODE = 1, 2


def is_har(data: bytes) -> bool:
    """Whether a JSON text is a HAR file."""
    log = (object_in(data) or {}).get("log")
    return isinstance(log, dict) and "entries" in log


def load(path: Path, redactor: Redactor | None = None) -> bytes:
    """Return a HAR file as a cassette; raises CassetteError if it is not a HAR file."""
    try:
        entries = msgspec.json.decode(read_file(path).removeprefix(BOM_UTF8))["log"]["entries"]
        found = sorted(entries, key=lambda entry: _seconds(entry["startedDateTime"]))
        start = _seconds(found[0]["startedDateTime"]) if found else 0.0
        builder = CassetteBuilder(
            upstream=origin_of(found[0]["request"]["url"]) if found else "",
            origin=f"converted from HAR {path.name}",
            recorded=found[0]["startedDateTime"] if found else "",
            redactor=redactor,
        )
        remarks: list[str] = []
        room = Room()
        for number, entry in enumerate(found, 1):
            if "_webSocketMessages" in entry:
                _load_socket(entry, builder, start)
            else:
                _load_http(entry, builder, start, number, remarks, room)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        what = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else type(error).__name__
        what = str(error) if isinstance(error, _Wrong) else what
        raise CassetteError(
            path, None, f"not HAR 1.2 ({what})", "log.entries with request and response", "export it again"
        ) from None
    for remark in remarks:
        warnings.warn(f"{path}: {remark}", CassetteWarning, stacklevel=2)
    return builder.bytes()


class _Wrong(ValueError):
    """Describe what is wrong with an entry."""


def dump(cassette: Cassette) -> bytes:
    """Return a cassette as a HAR file. Raises CassetteError if its times are not dates."""
    recorded = cassette.header.recorded
    try:
        began = _seconds(recorded) if recorded else 0.0
        return _written(cassette, began)
    except (ValueError, OverflowError):
        shown = f"{recorded[:40]!r} as the time of the recording, or event times beyond the year 9999"
        raise CassetteError(
            cassette.path, 1, shown, "a date such as 2026-11-24T09:00:00Z", "fix the header's `recorded`"
        ) from None


def _written(cassette: Cassette, began: float) -> bytes:
    entries = [
        _entry(exchange, cassette.header.upstream, began)
        for exchange in cassette.exchanges
        if exchange.transport == "http"
    ]
    entries += [_socket_entry(cassette, opened, began) for opened in cassette.lines if _accepted(opened)]
    name, _, version = TOOL.partition(" ")
    log = {"version": "1.2", "creator": {"name": name, "version": version}, "entries": entries}
    entries.sort(key=lambda entry: entry["startedDateTime"])
    return msgspec.json.format(msgspec.json.encode({"log": log}), indent=2) + b"\n"


def _content(response: dict[str, Any], place: str, remarks: list[str], room: Room) -> bytes:
    """Return an answer's body; complain if it is missing or cannot be decoded."""
    content = response.get("content") or {}
    if "text" not in content:
        if (content.get("size") or 0) > 0:
            size = f"its size is {content['size']}"
            remarks.append(
                f"{place}: the answer has no content.text, but {size}: export it again with content"
            )
        return b""
    text = content["text"] or ""
    coding = ", ".join(v for k, v in _pairs(response["headers"]) if k.lower() == "content-encoding")
    # Polly stores a compressed body as a JSON list of its chunks, each in base64.
    chunks = _chunks(text)
    if chunks is not None and (coding or content.get("encoding") == "base64"):
        body = b"".join(chunks)
    elif content.get("encoding") == "base64":
        body = _from_base64(text, f"{place}: content.text")
    else:
        body = text.encode()
    try:
        return room.unpacked(body, coding)
    except CodingError as error:
        remarks.append(f"{place}: the answer's content was kept as it is: {error}")
        return body


def _chunks(text: str) -> list[bytes] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        return [base64.b64decode(chunk, validate=True) for chunk in msgspec.json.decode(text, type=list[str])]
    except (ValueError, RecursionError):
        return None


def _from_base64(text: str, place: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise _Wrong(f"{place} is not base64: {error}") from None


def _load_http(
    entry: dict[str, Any],
    builder: CassetteBuilder,
    start: float,
    number: int,
    remarks: list[str],
    room: Room,
) -> None:
    request, response, line_writer = entry["request"], entry["response"], builder.line_writer()
    t = (_seconds(entry["startedDateTime"]) - start) * 1000
    timings = entry.get("timings") or {}
    waited = sum(max(0, timings.get(name) or 0) for name in ("blocked", "dns", "connect", "send", "wait"))
    whole = max(0, entry.get("time") or 0)
    sent = ((request.get("postData") or {}).get("text") or "").encode()
    line_writer.request(
        request["method"], path_of(request["url"], builder.upstream), _pairs(request["headers"]), sent, t
    )
    if not response.get("status"):
        line_writer.abort("reset", t=t + whole)
        return
    kept = [(k, v) for k, v in _pairs(response["headers"]) if k.lower() not in OF_THE_BODY]
    line_writer.response(response["status"], kept, t + waited)
    body = _content(response, f"entry {number}", remarks, room)
    if line_writer.streaming:
        for place, block in enumerate(blocks(body), 1):
            line_writer.read(block, t + waited + place)
    else:
        line_writer.body(body, t + whole)
    line_writer.end(t + max(whole, waited))


def _load_socket(entry: dict[str, Any], builder: CassetteBuilder, start: float) -> None:
    request, line_writer = entry["request"], builder.line_writer()
    t = (_seconds(entry["startedDateTime"]) - start) * 1000
    response = entry.get("response") or {}
    answered, status = _pairs(response.get("headers") or []), response.get("status") or 101
    line_writer.open(
        path_of(request["url"], builder.upstream), _pairs(request["headers"]), status, answered, t
    )
    for message in entry["_webSocketMessages"]:
        binary = message.get("opcode", _TEXT_OPCODE) == _BINARY_OPCODE
        data = _from_base64(message["data"], "a message") if binary else message["data"].encode()
        write = line_writer.send if message["type"] == "send" else line_writer.recv
        t = (message["time"] - start) * 1000
        write(data, binary=binary, t=t)
    line_writer.close("client", 1000, t=t)


def _entry(exchange: Exchange, upstream: str, began: float) -> dict[str, Any]:
    answer = exchange.answer or b""
    content: dict[str, Any] = {"size": len(answer), "mimeType": exchange.headers.get("content-type", "")}
    try:
        content["text"] = answer.decode("utf-8")
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(answer).decode(), "encoding": "base64"}
    head = exchange.head.t if exchange.head else exchange.ended
    request = _request(exchange.method, exchange.path, exchange.request_headers, upstream)
    if exchange.request:
        text = exchange.request.decode("utf-8", "replace")
        request["postData"] = {
            "mimeType": exchange.request_headers.get("content-type", "application/json"),
            "text": text,
        }
        request["bodySize"] = len(exchange.request)
    return {
        "startedDateTime": _date(began + exchange.began / 1000),
        "time": exchange.ended - exchange.began,
        "request": request,
        "response": _response(exchange.status or 0, exchange.headers, content, len(answer)),
        "cache": {},
        "timings": {"send": 0, "wait": head - exchange.began, "receive": exchange.ended - head},
    }


def _socket_entry(cassette: Cassette, opened: Any, began: float) -> dict[str, Any]:
    messages, ended = [], opened.t
    for line in cassette.lines:
        if line.c != opened.c or not isinstance(line, Send | Recv | CloseLine):
            continue
        ended = line.t
        if isinstance(line, CloseLine):
            continue
        binary = line.b64 is not None and not line.op
        data = exact_bytes(line)
        messages.append(
            {
                "type": "send" if isinstance(line, Send) else "receive",
                "time": round(began + line.t / 1000, 3),
                "opcode": _BINARY_OPCODE if binary else _TEXT_OPCODE,
                "data": base64.b64encode(data).decode() if binary else data.decode("utf-8", "replace"),
            }
        )
    return {
        "startedDateTime": _date(began + opened.t / 1000),
        "time": ended - opened.t,
        "request": _request(
            "GET", opened.path, opened.headers, cassette.header.upstream.replace("http", "ws", 1)
        ),
        "response": _response(opened.status, opened.answer, {"size": 0, "mimeType": ""}, 0),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_resourceType": "websocket",
        "_webSocketMessages": messages,
    }


def _request(method: str, path: str, headers: Any, upstream: str) -> dict[str, Any]:
    url = path if "://" in path else upstream + path
    query = [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, True)]
    return {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "queryString": query,
        "headersSize": -1,
        "bodySize": 0,
    }


def _response(status: int, headers: Any, content: dict[str, Any], size: int) -> dict[str, Any]:
    return {
        "status": status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": size,
    }


def _accepted(line: object) -> bool:
    return isinstance(line, Open) and line.status == 101


def _pairs(headers: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(header["name"], header["value"]) for header in headers if not header["name"].startswith(":")]


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()


def _date(seconds: float) -> str:
    date = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")
