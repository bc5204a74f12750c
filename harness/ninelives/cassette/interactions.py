"""vcrpy's interactions, in memory: the dictionaries that its serializers read and write, to and from a
cassette.

An event stream that vcrpy kept as one string is cut into its events again, so that it streams when it is
replayed. The other way loses what vcrpy has no words for: WebSockets and broken exchanges are left out with a
warning, timing without one.
"""

from __future__ import annotations

import base64
import json
import re
import warnings
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteWarning
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.redact import Redactor
from ninelives.cassette.sse import Splitter
from ninelives.cassette.tape import Tape

FORMAT_VERSION = 1
"""vcrpy's cassette format."""

_BLOTTED = re.compile(r"\**(?:REDACTED|FILTERED|SANITIZED)\**|<[A-Z_]+>")  # as good as absent
_COMPRESSED = {"gzip": 31, "deflate": 15, "x-gzip": 31}  # zlib's window bits for each
_LENGTHS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def pairs(document: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Requests and responses of a loaded cassette, in vcrpy's own layout or as two lists (langchain's)."""
    if "interactions" in document:
        return [(one["request"], one["response"]) for one in document["interactions"] or []]
    return list(zip(document["requests"], document["responses"], strict=True))


def is_document(document: object) -> bool:
    """Whether a loaded YAML or JSON value is a cassette of vcrpy's."""
    return isinstance(document, Mapping) and (
        "interactions" in document or {"requests", "responses"} <= document.keys()
    )


def to_cassette(
    document: Mapping[str, Any], *, origin: str = "converted from vcrpy", redactor: Redactor | None = None
) -> bytes:
    """A vcrpy cassette as ours."""
    found = pairs(document)
    upstream = next((_origin_of(request["uri"]) for request, _ in found), "")
    tape = Tape(upstream=upstream, origin=origin, redactor=redactor)
    for request, response in found:
        track = tape.track()
        asked = _body(request.get("body"))
        track.request(
            request["method"],
            _path(request["uri"], upstream) if _known(request["uri"]) else _guessed(asked),
            _pairs(request.get("headers")),
            asked,
        )
        headers = _pairs(response.get("headers"))
        status = response["status"]
        coding = next((v.lower() for k, v in headers if k.lower() == "content-encoding"), "")
        body = _plain(_body(response.get("body")), coding)
        kept = [(k, v) for k, v in headers if k.lower() not in _LENGTHS]
        if not any(k.lower() == "content-type" for k, _ in kept) and body:
            kept.append(("content-type", _kind(body)))
        track.response(int(status["code"] if isinstance(status, Mapping) else status), kept)
        if track.streaming:
            for event in _events(body):
                track.read(event)
        else:
            track.body(body)
        track.end()
    return tape.bytes()


def from_cassette(cassette: Cassette) -> dict[str, Any]:
    """Our cassette as vcrpy's serializers want it; what it cannot hold is left out with a CassetteWarning."""
    interactions, left_out = [], []
    for exchange in cassette.exchanges:
        if exchange.transport == "websocket" or not exchange.complete or exchange.answer is None:
            left_out.append(exchange)
            continue
        interactions.append(
            {"request": _request(exchange, cassette.header.upstream), "response": _response(exchange)}
        )
    if left_out:
        warnings.warn(
            f"{cassette.path}: {len(left_out)} of {len(cassette.exchanges)} exchanges are WebSocket turns or"
            f" broke off, which vcrpy cannot hold, and were left out (the first on line {left_out[0].line})",
            CassetteWarning,
            stacklevel=2,
        )
    return {"interactions": interactions, "version": FORMAT_VERSION}


def _request(exchange: Exchange, upstream: str) -> dict[str, Any]:
    uri = exchange.path if "://" in exchange.path else upstream + exchange.path
    headers = {name: [value] for name, value in exchange.request_headers.items()}
    return {
        "method": exchange.method,
        "uri": uri,
        "body": _text(exchange.request) or None,
        "headers": headers,
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    headers = {name: [value] for name, value in exchange.headers.items() if name not in _LENGTHS}
    return {
        "status": {"code": exchange.status, "message": ""},
        "headers": headers,
        "body": {"string": _text(exchange.answer or b"")},
    }


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _origin_of(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme else ""


def _path(uri: str, upstream: str) -> str:
    return (uri.removeprefix(upstream) or "/") if upstream and _origin_of(uri) == upstream else uri


def _known(uri: str) -> bool:
    return uri.startswith("/") or "://" in uri


def _guessed(asked: bytes) -> str:
    """Where a request went whose URI was blotted out (langchain does), told by its body."""
    try:
        fields = json.loads(asked)
    except (ValueError, RecursionError):
        return "/"
    if not isinstance(fields, dict):
        return "/"
    if "messages" in fields:
        return "/v1/chat/completions"
    if (
        fields.keys() <= {"model", "input", "encoding_format", "dimensions", "user"}
        and "encoding_format" in fields
    ):
        return "/v1/embeddings"
    return "/v1/responses" if "input" in fields or "model" in fields else "/"


def _kind(body: bytes) -> str:
    if body.startswith((b"event:", b"data:")):
        return "text/event-stream; charset=utf-8"
    return "application/json" if body[:1] in (b"{", b"[") else "application/octet-stream"


def _pairs(headers: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in (headers or {}).items():
        values: Iterable[Any] = value if isinstance(value, list | tuple) else [value]
        found.extend((name, one.decode("latin-1") if isinstance(one, bytes) else str(one)) for one in values)
    return [(name, value) for name, value in found if not _BLOTTED.fullmatch(value)]


def _body(body: Any) -> bytes:
    if isinstance(body, Mapping):
        if "base64_string" in body:
            return base64.b64decode(body["base64_string"])
        body = body.get("string", body.get("parsed_body", body))
    if body is None:
        return b""
    if isinstance(body, bytes | str):
        return body.encode() if isinstance(body, str) else body
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


def _plain(body: bytes, coding: str) -> bytes:
    if coding not in _COMPRESSED:
        return body
    try:
        return zlib.decompress(body, _COMPRESSED[coding])
    except zlib.error:
        return body  # vcrpy's decode_compressed_response leaves the header and takes the coding off


def _events(body: bytes) -> Iterable[bytes]:
    splitter = Splitter()
    blocks = [block.data for block in splitter.feed(body, 0)]
    rest = splitter.flush()
    return [*blocks, rest.data] if rest else blocks
