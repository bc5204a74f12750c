"""Text with half surrogate pairs, and JSON that contains it.

A Python string may contain half of a surrogate pair: from a transcript that was cut within an emoji, or a
delta that ends there. UTF-8 cannot encode it, so the API refuses such a request, and a JSON reader such an
event. The Unicode Standard replaces it by U+FFFD.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["TextDelta", "read_event", "whole_text", "without_halves", "write_json"]

_HALF = re.compile("[\ud800-\udfff]")
_FIRST_HALF_AT_END = re.compile("[\ud800-\udbff]\\Z")


class TextDelta(msgspec.Struct, gc=False, tag_field="type", tag="response.output_text.delta"):
    """The event of a piece of the answer's text: nearly all events are such, and a dict takes three times as
    long to read.
    """

    delta: str
    output_index: int | None = None
    content_index: int | None = None
    sequence_number: int | None = None
    stream_id: str | None = None


_WHAT_AND_WHERE = ("type", "output_index", "content_index", "item_id")
_BEGINS_A_DELTA = b'{"type":"response.output_text.delta",'
_read_delta = msgspec.json.Decoder(TextDelta).decode


def whole_text(text: str) -> str:
    """Replace half surrogate pairs by U+FFFD; two halves in a row become their character."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def split_end(text: str) -> tuple[str, str]:
    """Split off the first half of a pair at the end of a text: the second half may still come."""
    if text.isascii() or not _FIRST_HALF_AT_END.search(text):
        return text, ""
    return text[:-1], text[-1]


def without_halves(value: Any) -> Any:
    """Return a JSON value with ``whole_text`` applied to every string."""
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, Mapping):
        return {whole_text(str(name)): without_halves(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [without_halves(inner) for inner in value]
    return value


def write_json(value: Any) -> bytes:
    """Return a value as JSON. Types that JSON does not have are converted to strings."""
    try:
        return msgspec.json.encode(value, enc_hook=str)
    except (UnicodeEncodeError, TypeError):  # half a surrogate pair, or keys that are not text
        return msgspec.json.encode(without_halves(value), enc_hook=str)


def read_event(data: bytes) -> dict[str, Any] | TextDelta | None:
    """Parse an event; None if it is not a JSON object, or says in no readable way what it is.

    A text delta is a ``TextDelta`` if it is written as the API writes it (observed), otherwise a dict like
    all other events. Half surrogate pairs are kept: the other half may be in the next event.
    """
    if data.startswith(_BEGINS_A_DELTA):
        try:
            if not data.isascii():
                data.decode()  # the reader does not look into strings of fields that it passes over
            return _read_delta(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # fields of other types, or half a pair
    try:
        event = msgspec.json.decode(data)
    except RecursionError:  # nested too deeply
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        if b"\\ud" not in data.lower():
            return None
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            return None
    return event if isinstance(event, dict) and _has_plain_head(event) else None


def _has_plain_head(event: dict[str, Any]) -> bool:
    """Whether the fields that say what an event is, and where it belongs, are single values."""
    kinds = [type(event.get(name)) for name in _WHAT_AND_WHERE]  # a generator takes three times as long
    return dict not in kinds and list not in kinds
