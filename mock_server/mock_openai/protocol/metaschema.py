"""Checks that a value is a JSON schema, with the API's error texts.

The API words them as Python's `jsonschema` does (inferred from single messages that people report). That
library is slow to import and not needed otherwise, so the relevant part of the meta-schema is a table here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_NOT_AT_THE_TOP = frozenset({"allOf", "anyOf", "const", "enum", "not", "oneOf"})
WITH_SCHEMAS = _ONE | _SEVERAL | NAMED
"""Keywords that hold schemas: one, several, or those in `NAMED` one for each name."""
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("$id", "$ref", "$schema", "description", "format", "pattern", "title"), "string"),
    **dict.fromkeys(("enum", "examples", "required"), "array"),
    **dict.fromkeys(
        ("maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"), "integer"
    ),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"), "number"),
    "uniqueItems": "boolean",
}


def malformed(schema: Any) -> str | None:
    """Return why a value is not a JSON schema, or None."""
    if isinstance(schema, bool):
        return None
    if not isinstance(schema, Mapping):
        return f"{schema!r} is not of type 'object', 'boolean'."
    for word, value in schema.items():
        if problem := _keyword(word, value):
            return problem
    return None


def root_problem(schema: Any) -> str | None:
    """Return why a schema is not valid for arguments or structured output, or None. An empty one may mean no
    arguments (observed).
    """
    if problem := malformed(schema):
        return problem
    if not isinstance(schema, Mapping) or not schema:
        return None
    kind = schema.get("type")
    if kind is None or (isinstance(kind, str) and kind != "object"):
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
    return None


def arguments_problem(schema: Any) -> str | None:
    """Return why a schema is not valid for a function's arguments, or None: arguments must be an object
    (reported).
    """
    if problem := root_problem(schema):
        return problem
    if isinstance(schema, Mapping) and not _NOT_AT_THE_TOP.isdisjoint(schema):
        return (
            "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the "
            "top level."
        )
    return None


def _keyword(word: str, value: Any) -> str | None:
    if word in _ONE:
        return malformed(value)
    if word in _SEVERAL:
        if not isinstance(value, list):
            return _not_of(value, "array")
        return next(filter(None, map(malformed, value)), None) if value else "[] should be non-empty."
    if word in NAMED:
        if not isinstance(value, Mapping):
            return _not_of(value, "object")
        return next(filter(None, map(malformed, value.values())), None)
    if word == "type":
        return _type(value)
    kind = _KINDS.get(word)
    if kind is None:
        return None
    if not _IS[kind](value):
        return _not_of(value, kind)
    if kind == "integer" and value < 0:
        return f"{value!r} is less than the minimum of 0."
    if word == "multipleOf" and value <= 0:
        return f"{value!r} is less than or equal to the minimum of 0."
    if word == "required":
        return next((_not_of(name, "string") for name in value if not isinstance(name, str)), None)
    return None


def _type(value: Any) -> str | None:
    names = value if isinstance(value, list) else [value]
    if names and all(isinstance(name, str) and name in _TYPES for name in names):
        return None
    return f"{value!r} is not valid under any of the given schemas."


def _not_of(value: Any, kind: str) -> str:
    return f"{value!r} is not of type '{kind}'."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_IS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and value == value // 1,
}
