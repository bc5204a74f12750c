"""Types of fault parameters, and the check that values have them.

A fault declares its parameters as fields with these types. The JSON Schema of fault plans is made from the
same declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from mock_openai.faults.context import Fault

Seconds = Annotated[float, Meta(ge=0, le=365 * 24 * 3600)]
"""A duration in seconds, up to a year."""

Count = Annotated[int, Meta(ge=1)]
"""A whole number from 1."""

Share = Annotated[float, Meta(gt=0, lt=1)]
"""A part of a whole, between 0 and 1."""

CloseCode = Annotated[int, Meta(ge=1000, le=4999)]
"""A WebSocket close code (RFC 6455, section 7.4.2)."""

ErrorStatus = Annotated[int, Meta(ge=400, le=599)]
"""An HTTP status that says that something failed."""

Refusal = Annotated[int, Meta(ge=300, le=599)]
"""An HTTP status that is not a success."""

FrameSize = Annotated[int, Meta(ge=1, le=256 * 1024 * 1024)]
"""A size in bytes, up to 256 MiB."""


@cache
def parameter_types(kind: type[Fault]) -> Mapping[str, Any]:
    """Return the declared type of each parameter of a kind of fault."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}  # type: ignore[arg-type]


def check(fault: Fault) -> None:
    """Raise ValueError if a parameter does not have its declared type."""
    for name, declared in parameter_types(type(fault)).items():
        value = getattr(fault, name)
        try:
            msgspec.convert(value, declared)
        except msgspec.ValidationError:
            expected = _in_words(msgspec.json.schema(declared))
            raise ValueError(f"{fault.name}: {name} is {value!r}; expected {expected}") from None


_WORDS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "null": "nothing",
}


def _in_words(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows in words, for users who write YAML."""
    if "anyOf" in schema:
        return " or ".join(_in_words(each) for each in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    low = f" from {schema['minimum']:g}" if "minimum" in schema else ""
    low = f" above {schema['exclusiveMinimum']:g}" if "exclusiveMinimum" in schema else low
    high = f" to {schema['maximum']:.0f}" if "maximum" in schema else ""
    high = f" and below {schema['exclusiveMaximum']:g}" if "exclusiveMaximum" in schema else high
    return f"{_WORDS[schema['type']]}{low}{high}"
