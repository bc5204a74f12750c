"""Texts that no UTF-8 can carry, and JSON that holds them.

A Python string may hold half of a surrogate pair: a transcript cut in the middle of an emoji, or a model's
delta that ends there. UTF-8 has no form for it, so the API refuses such a request, and a JSON reader such an
event. The Unicode Standard's answer is U+FFFD in its place.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["read_event", "whole_text", "without_halves", "write_json"]

_HALF = re.compile("[\ud800-\udfff]")
_FIRST_HALF_AT_END = re.compile("[\ud800-\udbff]\\Z")


def whole_text(text: str) -> str:
    """Put U+FFFD in the place of half surrogate pairs; two halves in a row become their character."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def split_end(text: str) -> tuple[str, str]:
    """Split off the first half of a pair that a text ends with: its second half may be on the way."""
    if text.isascii() or not _FIRST_HALF_AT_END.search(text):
        return text, ""
    return text[:-1], text[-1]


def without_halves(value: Any) -> Any:
    """A JSON value with every text in it made whole."""
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, Mapping):
        return {whole_text(str(name)): without_halves(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [without_halves(inner) for inner in value]
    return value


def write_json(value: Any) -> bytes:
    """A value as JSON. What JSON has no form for is written as text."""
    try:
        return msgspec.json.encode(value, enc_hook=str)
    except (UnicodeEncodeError, TypeError):  # half a surrogate pair, or keys that are no text
        return msgspec.json.encode(without_halves(value), enc_hook=str)


def read_event(data: bytes | str) -> dict[str, Any] | None:
    """An event from its JSON; None if it is no JSON object. Halves of surrogate pairs in it are kept: the
    other half may be in the next event.
    """
    try:
        event = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if (b"\\ud" if isinstance(data, bytes) else "\\ud") not in data.lower():  # type: ignore[operator]
            return None
        try:
            event = json.loads(data)
        except ValueError:
            return None
    return event if isinstance(event, dict) else None
