"""vcrpy's interactions in memory: converts the dictionaries of its serializers to and from a cassette.

An event stream that vcrpy stored as one string is cut into its events again, so that it streams on replay. In
the other direction, content that vcrpy cannot express is lost: WebSockets and broken exchanges with a
warning, times silently.
"""

from __future__ import annotations

import warnings
from typing import Any

from mock_openai.protocol.json import object_in
from mock_openai.wire.hop_by_hop import OF_THE_BODY

from ninelives.cassette.builder import CassetteBuilder, origin_of, path_of
from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteWarning
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.layouts import Reading
from ninelives.cassette.redact import Redactor
from ninelives.cassette.sse import blocks

FORMAT_VERSION = 1
"""vcrpy's cassette format."""


def to_cassette(
    document: Any, *, origin: str = "converted from vcrpy", redactor: Redactor | None = None, name: str = ""
) -> bytes:
    """Return a document of vcrpy, or of another recorder with a similar layout, as a cassette.

    Content that was not understood is reported by a CassetteWarning that begins with `name`. Raises
    LayoutError.
    """
    reading = Reading()
    found = reading.pairs(document)
    for line in reading.notes():
        warnings.warn(f"{name}: {line}" if name else line, CassetteWarning, stacklevel=2)
    upstream = next((origin_of(pair.uri) for pair in found), "")
    builder = CassetteBuilder(upstream=upstream, origin=origin, redactor=redactor)
    for pair in found:
        line_writer = builder.line_writer()
        path = path_of(pair.uri, upstream) if _known(pair.uri) else _guessed(pair.asked)
        line_writer.request(pair.method, path, pair.asked_headers, pair.asked)
        kept = pair.headers
        if not any(k.lower() == "content-type" for k, _ in kept) and pair.body:
            kept = [*kept, ("content-type", _kind(pair.body))]
        line_writer.response(pair.status, kept)
        if line_writer.streaming:
            for event in blocks(pair.body):
                line_writer.read(event)
        else:
            line_writer.body(pair.body)
        line_writer.end()
    return builder.bytes()


def from_cassette(cassette: Cassette) -> dict[str, Any]:
    """Return a cassette in the form of vcrpy's serializers; what that cannot hold is left out with a
    CassetteWarning.
    """
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
            f"{cassette.path}: {len(left_out)} of {len(cassette.exchanges)} exchanges are WebSocket turns or "
            f"broke off, which vcrpy cannot store; left out (the first on line {left_out[0].line})",
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
    headers = {name: [value] for name, value in exchange.headers.items() if name not in OF_THE_BODY}
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


def _known(uri: str) -> bool:
    return uri.startswith("/") or "://" in uri


def _guessed(asked: bytes) -> str:
    """Return the path of a request whose URI was masked (as langchain does), judging by its body."""
    fields = object_in(asked) or {}
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
