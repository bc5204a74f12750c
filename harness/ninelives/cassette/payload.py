"""Converts received bytes to JSON that a person can read, and back to the same bytes.

Strategy: a JSON text on one line is put into the cassette's line verbatim, without decoding and encoding, so
    that key order, number literals, escapes and duplicate keys survive. A JSON body indented by two spaces,
    as in the API's plain answers, is stored compact with `"indent":2` if re-indenting gives the identical
    bytes. Anything else becomes a JSON string, or base64 if it is not UTF-8. Each writer checks its own work
    by reading it back.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from mock_openai.protocol import json

Fields = list[tuple[str, bytes]]
"""Names and JSON texts, in the order of the line."""

_WHITE = b" \t\r\n"
_INDENT = 2


class _Typed(msgspec.Struct):
    type: str = ""


_type_decoder = msgspec.json.Decoder(_Typed)
_encoder = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """Return a plain value as compact JSON."""
    return _encoder.encode(value)


def type_of(text: bytes) -> str:
    """Return the `type` of a JSON object, or "" if the text is not an object with a textual type."""
    try:
        return _type_decoder.decode(text).type
    except (ValueError, RecursionError):
        return ""


def is_json(data: bytes) -> bool:
    """Whether a text is one complete JSON value that every JSON reader accepts. Reading one of very many
    values would hold up everybody else, so that it counts as a text.
    """
    if json.has_more_values(data, json.MOST_READ):
        return False
    try:
        json.parse(data)
    except ValueError:
        return False
    return True


def is_json_line(data: bytes) -> bool:
    """Whether a text can be a verbatim part of one line of JSON Lines."""
    if not data or data[0] in _WHITE or data[-1] in _WHITE or b"\n" in data or b"\r" in data:
        return False
    return is_json(data)


def body_fields(data: bytes) -> Fields:
    """Return an HTTP body as `body` (JSON, with `indent` if it was indented), `text` or `b64`; no field if
    empty.
    """
    if not data:
        return []
    if is_json_line(data):
        return [("body", data)]
    if data[:1] in (b"{", b"[") and is_json(data):
        compact = msgspec.json.format(data, indent=-1)
        if is_json_line(compact) and msgspec.json.format(compact, indent=_INDENT) == data:
            return [("body", compact), ("indent", str(_INDENT).encode())]
    return text_fields(data, "text")


def frame_fields(data: bytes, *, binary: bool) -> Fields:
    """Return a WebSocket message as `data` (JSON), `text` or `b64`; a text message that is not UTF-8 has
    `"op":"text"`.
    """
    if binary:
        return [("b64", to_b64(data))]
    if is_json_line(data):
        return [("data", data)]
    fields = text_fields(data, "text")
    return [*fields, ("op", b'"text"')] if fields[0][0] == "b64" else fields


def exact(data: msgspec.Raw, text: str | None, b64: str | None, indent: int = 0) -> bytes:
    """Return the bytes that `body_fields`, `frame_fields` or `text_fields` wrote."""
    if b64 is not None:
        return from_b64(b64)
    if text is not None:
        return text.encode()
    raw = bytes(data)
    return msgspec.json.format(raw, indent=indent) if indent else raw


def text_fields(data: bytes, name: str) -> Fields:
    """Return any bytes as a JSON string called `name`, or as `b64` if they are not UTF-8."""
    try:
        return [(name, encode(data.decode("utf-8")))]
    except UnicodeDecodeError:
        return [("b64", to_b64(data))]


def to_b64(data: bytes) -> bytes:
    """Return bytes as a JSON text of base64."""
    return encode(base64.b64encode(data).decode())


def from_b64(text: str) -> bytes:
    """Decode base64. Raises ValueError if it is not valid."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64 that cannot be decoded ({error})") from None
