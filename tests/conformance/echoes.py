"""What of an echoed value can be compared with a recording: what its recorder kept, and what there was when
it was made.
"""

from __future__ import annotations

import json
from typing import Any

NEWEST = (
    1783468800  # 2026-07-08: output_schema, reasoning mode, cache_write_tokens (between the 7th and the 10th)
)
NEWS = {
    "reasoning": ("context", "mode", "generate_summary"),
    "tools": ("output_schema", "return_token_budget", "search_content_types"),
}
"""What came into these fields with 2026-07, or shortly before."""
REDACTED = ("REDACTED", "[REDACTED]")
"""What recorders write in the place of a value that nobody may see."""
_SCHEMAS = ("parameters", "schema", "format")


def comparable(name: str, value: Any, *, when: int, verbatim: bool, sent: Any) -> Any:
    """Return a field of a response as it can be compared: without what came later than `when`, and without
    the order of keys where the recorder sorted those of the answer (`verbatim` is false) or of the request.
    """
    if not verbatim:
        value = in_order(value)
    elif is_in_order(sent):
        value = _with_schemas_in_order(value)
    if when >= NEWEST:
        return value
    if name == "prompt_cache_retention":
        return None
    return _without(value, NEWS[name]) if name in NEWS else value


def as_redacted(here: Any, there: Any, sent: Any = None) -> Any:
    """Return a value with those parts replaced that the recorder hid in the recorded one, and whole as the
    recorded one when it hid what was sent.
    """
    if there in REDACTED or sent in REDACTED:
        return there
    if isinstance(here, dict) and isinstance(there, dict):
        return {key: as_redacted(value, there.get(key)) for key, value in here.items()}
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        return [as_redacted(*pair) for pair in zip(here, there, strict=True)]
    return here


def in_order(value: Any) -> Any:
    """Return a JSON value with the keys of its objects in alphabetical order."""
    return json.loads(json.dumps(value, sort_keys=True))


def is_in_order(value: Any) -> bool:
    """Tell whether the keys of all objects in a JSON value are in alphabetical order."""
    return json.dumps(value) == json.dumps(value, sort_keys=True)


def _with_schemas_in_order(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_schemas_in_order(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: in_order(inner) if key in _SCHEMAS and "type" in value else _with_schemas_in_order(inner)
        for key, inner in value.items()
    }


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_without(inner, names) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without(inner, names) if key == "tools" else inner
        for key, inner in value.items()
        if key not in names
    }
