"""JSON as the API writes it: compact in events and frames, indented by two spaces in plain bodies (observed).

Both keep key order, leave non-ASCII characters as they are and write whole floats with a decimal point.
"""

from __future__ import annotations

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def compact(value: object) -> bytes:
    """Write without any spaces: SSE data and WebSocket frames."""
    return _encoder.encode(value)


def pretty(value: object) -> bytes:
    """Write with two spaces of indent and no newline at the end: bodies of plain answers and of errors."""
    return msgspec.json.format(_encoder.encode(value), indent=2)


def parse(data: bytes | str) -> Any:
    """Read JSON; raises ValueError (msgspec.DecodeError) when it is none."""
    return _decoder.decode(data)
