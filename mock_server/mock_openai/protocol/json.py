"""JSON as the API writes it: compact in events and frames, indented by two spaces in plain bodies (observed).

Both keep key order, leave non-ASCII characters as they are and write whole floats with a decimal point.
"""

from __future__ import annotations

from typing import Any

import msgspec

MAX_DEPTH = 200
"""Levels of nesting that `parse_shallow` accepts, so that the value can be traversed and written again."""

MOST_VALUES = 1_000_000
"""Values that a request may have. Reading so many takes half a second, in which nobody else is served, even
if a thread reads them.
"""
MOST_READ = 250_000
"""Values up to which an answer of another server is read. What has more is passed on unread."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def compact(value: object) -> bytes:
    """Write without any spaces: SSE data and WebSocket frames."""
    return _encoder.encode(value)


def pretty(value: object) -> bytes:
    """Write with two spaces of indent and no newline at the end: bodies of plain answers and of errors."""
    return msgspec.json.format(_encoder.encode(value), indent=2)


def parse(data: bytes | str) -> Any:
    """Read JSON. Raises ValueError (msgspec.DecodeError) if it is not JSON, or nested too deeply."""
    try:
        return _decoder.decode(data)
    except RecursionError:
        raise ValueError("JSON is malformed: it is nested too deeply") from None


def has_more_values(data: bytes, most: int) -> bool:
    """Return whether a JSON text may have more than this number of values, by its commas. Reads nothing."""
    return data.count(b",") >= most


def object_in(data: bytes | str | None) -> dict[str, Any] | None:
    """Return the JSON object that a text is; None if it is anything else."""
    try:
        value = _decoder.decode(data or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def parse_shallow(data: bytes) -> Any:
    """Read JSON of at most MAX_DEPTH levels. Raises ValueError if it is not JSON, or deeper."""
    try:
        value = _decoder.decode(data)
    except RecursionError:
        raise ValueError("JSON is malformed: it is nested too deeply") from None
    # Counting brackets is cheap and settles nearly all bodies; only suspicious ones are walked.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH):
        raise ValueError(f"JSON is nested more than {MAX_DEPTH} levels deep")
    return value


def _depth_exceeds(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
