"""Whether something is a JSON schema at all, and the API's words for what is wrong with it.

The API's words are those of Python's `jsonschema` (inferred from single messages that people report). That
library is slow to import, and not needed to run the server, so the part of the meta-schema that matters is a
table here.
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
_NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_WITH_SCHEMAS = _ONE | _SEVERAL | _NAMED
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
    """Say what keeps a value from being a JSON schema, or None."""
    if isinstance(schema, bool):
        return None
    if not isinstance(schema, Mapping):
        return f"{schema!r} is not of type 'object', 'boolean'."
    for word, value in schema.items():
        if problem := _keyword(word, value):
            return problem
    return None


def root_problem(schema: Any) -> str | None:
    """Say what keeps a schema from being one of arguments or of structured output, or None."""
    if problem := malformed(schema):
        return problem
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if isinstance(kind, str) and kind != "object":
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
    return None


def strict_problem(schema: Any, context: tuple[str, ...] = ()) -> str | None:
    """Say what keeps a schema from being strict, in the API's words, or None (reported)."""
    if not isinstance(schema, Mapping):
        return None
    place = f"In context={context!r},"
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, Mapping):
        if schema.get("additionalProperties") is not False:
            return f"{place} 'additionalProperties' is required to be supplied and to be false."
        missing = [name for name in properties or {} if name not in (schema.get("required") or ())]
        if missing:
            return (
                f"{place} 'required' is required to be supplied and to be an array including every key in "
                f"properties. Missing '{missing[0]}'."
            )
    for word in ("properties", "$defs", "definitions"):
        for name, part in (schema.get(word) or {}).items():
            if problem := strict_problem(part, (*context, word, name)):
                return problem
    for word in ("anyOf", "oneOf", "allOf"):
        for index, part in enumerate(schema.get(word) or ()):
            if problem := strict_problem(part, (*context, word, str(index))):
                return problem
    return strict_problem(schema.get("items"), (*context, "items"))


# What strict schemas cannot have (documented).
_NEVER_STRICT = frozenset(
    {
        "allOf",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "not",
        "oneOf",
        "patternProperties",
        "then",
    }
)


def may_be_strict(schema: Any) -> bool:
    """Tell whether closing a schema's objects and requiring all their properties would make it strict; one
    that has free keys, or words that strict schemas lack, stays as it is (documented, the words inferred from
    what strict schemas cannot have).
    """
    if isinstance(schema, list):
        return all(map(may_be_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("additionalProperties") not in (None, False) or not _NEVER_STRICT.isdisjoint(schema):
        return False
    for word, value in schema.items():
        parts = value.values() if word in _NAMED and isinstance(value, Mapping) else (value,)
        if word in _WITH_SCHEMAS and not all(map(may_be_strict, parts)):
            return False
    return True


def _keyword(word: str, value: Any) -> str | None:
    if word in _ONE:
        return malformed(value)
    if word in _SEVERAL:
        if not isinstance(value, list):
            return _not_of(value, "array")
        return next(filter(None, map(malformed, value)), None) if value else "[] should be non-empty."
    if word in _NAMED:
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
