"""Converts the rules of the request schema to JSON Schema, so that description and validation cannot differ.

Checks that JSON Schema cannot express (contents of files, references between items) are left out: the
description never refuses a request that the server accepts.
"""

from __future__ import annotations

from typing import Any

from mock_openai.protocol.schema import (
    Array,
    Boolean,
    Decimal,
    Either,
    Field,
    Integer,
    Map,
    Object,
    OneOf,
    Rule,
    String,
    Tagged,
)

_KINDS = {
    "a string": "string",
    "an object": "object",
    "an input item": "object",
    "a boolean": "boolean",
    "an integer": "integer",
    "a decimal": "number",
}


def json_schema(rule: Rule) -> dict[str, Any]:
    """Return a rule as JSON Schema 2020-12."""
    match rule:
        case Boolean():
            return {"type": "boolean"}
        case Integer(minimum=least, maximum=most):
            return _without_none(type="integer", minimum=least, maximum=most)
        case Decimal(minimum=least, maximum=most):
            return _without_none(type="number", minimum=least, maximum=most)
        case String():
            return _string(rule)
        case OneOf(words=words):
            return {"enum": list(words)}
        case Array(of=of, minimum=least, maximum=most):
            return _without_none(type="array", items=json_schema(of), minItems=least or None, maxItems=most)
        case Map(values=values, maximum=most, key_length=length):
            names = {"maxLength": length}
            return {
                "type": "object",
                "maxProperties": most,
                "propertyNames": names,
                "additionalProperties": json_schema(values),
            }
        case Object():
            return _object(rule)
        case Tagged():
            return _tagged(rule)
        case Either(rules=rules):
            return {"anyOf": [json_schema(one) for one in rules]}
    # A rule of any other class at least states which kind of value it accepts.
    kind = _KINDS.get(rule.noun)
    return {"type": kind} if kind else {}


def _string(rule: String) -> dict[str, Any]:
    pattern = f"^(?:{rule.pattern})$" if rule.pattern else None
    if rule.prefix is not None and pattern is None:
        pattern = f"^{rule.prefix}"
    return _without_none(
        type="string", minLength=1 if rule.filled else None, maxLength=rule.maximum, pattern=pattern
    )


def _object(rule: Object) -> dict[str, Any]:
    fields = {
        name: entry if isinstance(entry, Field) else Field(entry) for name, entry in rule.fields.items()
    }
    schema: dict[str, Any] = {"type": "object"}
    if fields:
        schema["properties"] = {name: _field(entry) for name, entry in fields.items()}
    if required := [name for name, entry in fields.items() if entry.required]:
        schema["required"] = required
    if not rule.open:
        schema["additionalProperties"] = False
    return schema


def _field(entry: Field) -> dict[str, Any]:
    schema = json_schema(entry.rule)
    return {"anyOf": [schema, {"type": "null"}]} if entry.nullable and schema else schema


def _tagged(rule: Tagged) -> dict[str, Any]:
    choices: list[dict[str, Any]] = []
    for name, shape in rule.shapes.items():
        schema = _object(shape)
        schema["properties"] = {**schema.get("properties", {}), rule.tag: {"const": name}}
        if name != rule.default:
            schema["required"] = list(dict.fromkeys([rule.tag, *schema.get("required", [])]))
        choices.append(schema)
    if rule.listed:
        choices.append(
            {
                "type": "object",
                "required": [rule.tag],
                "properties": {rule.tag: {"enum": sorted(rule.listed - set(rule.shapes))}},
            }
        )
    return {"anyOf": choices}


def _without_none(**schema: Any) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if value is not None}
