"""Checks that a JSON schema is strict, as structured output requires, with the API's error texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.protocol.metaschema import NAMED, WITH_SCHEMAS

# Keywords that strict schemas cannot have (documented; the wording is reported for some).
_NEVER_STRICT = frozenset(
    {
        *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
        *("contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems"),
        *("minProperties", "maxProperties", "patternProperties", "propertyNames", "unevaluatedProperties"),
    }
)
_KINDS_OF_PART = frozenset({"type", "anyOf", "$ref"})


def strict_problem(schema: Any, context: tuple[str, ...] = ()) -> str | None:
    """Return why a schema is not strict, in the API's words, or None (reported)."""
    if not isinstance(schema, Mapping):
        return None
    if problem := _node_problem(schema, nested=bool(context)):
        return f"In context={context!r}, {problem}"
    for word in ("properties", "$defs", "definitions"):
        for name, part in (schema.get(word) or {}).items():
            if problem := strict_problem(part, (*context, word, name)):
                return problem
    for index, part in enumerate(schema.get("anyOf") or ()):
        if problem := strict_problem(part, (*context, "anyOf", str(index))):
            return problem
    return strict_problem(schema.get("items"), (*context, "items"))


def _node_problem(schema: Mapping[str, Any], *, nested: bool) -> str | None:
    if not _NEVER_STRICT.isdisjoint(schema):
        return f"'{next(word for word in schema if word in _NEVER_STRICT)}' is not permitted."
    if nested and _KINDS_OF_PART.isdisjoint(schema):
        return "schema must have a 'type' key."
    is_object = schema.get("type") == "object" or isinstance(schema.get("properties"), Mapping)
    return _object_problem(schema) if is_object else None


def _object_problem(schema: Mapping[str, Any]) -> str | None:
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    every = "'required' is required to be supplied and to be an array including every key in properties."
    named = {name for name in required if isinstance(name, str)}
    if missing := [name for name in properties if name not in named]:
        return f"{every} Missing '{missing[0]}'."
    if extra := [name for name in required if name not in properties]:
        return f"{every} Extra required key '{extra[0]}' supplied."
    return None


def has_free_keys(schema: Any) -> bool:
    """Return whether any object of a schema allows keys that it does not name; closing it would change its
    meaning.
    """
    if isinstance(schema, list):
        return any(map(has_free_keys, schema))
    if not isinstance(schema, Mapping):
        return False
    if schema.get("additionalProperties") not in (None, False):
        return True
    for word, value in schema.items():
        parts = value.values() if word in NAMED and isinstance(value, Mapping) else (value,)
        if word in WITH_SCHEMAS and any(map(has_free_keys, parts)):
            return True
    return False
