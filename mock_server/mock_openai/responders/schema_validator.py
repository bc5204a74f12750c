"""Checks whether a value conforms to a JSON schema, for the keywords that tool schemas use.

The improviser checks the values that it invents, which is how it satisfies `oneOf`, `not` and `$ref`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.responders.schema_pattern import Work, has_match

Schema = Mapping[str, Any] | bool

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def resolve(schema: Schema, root: Schema) -> Schema:
    """Follow a `$ref` into the same document; a reference that cannot be followed allows everything."""
    seen: set[str] = set()
    while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        target = schema["$ref"]
        if target in seen or not target.startswith("#"):
            return True
        seen.add(target)
        found: Any = root
        for step in target.lstrip("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                return True
        schema = found
    return schema


class Checker:
    """Checks values against the parts of one schema document.

    Parts that refer to each other could make a check endless, so after `work` steps everything conforms.
    """

    def __init__(self, root: Schema, work: int = 50_000) -> None:
        self._root = root
        self._left = work
        self.patterns = Work()
        """The work left for its patterns; after that, all texts conform to them."""

    def may(self, steps: int) -> bool:
        """Use up a number of steps, and return whether there were enough left."""
        self._left -= steps
        return self._left >= 0

    def conforms(self, value: Any, schema: Schema, depth: int = 0) -> bool:
        """Return whether a value conforms to a schema."""
        if not self.may(1) or depth > 32:
            return True
        if isinstance(schema, bool):
            return schema
        target = resolve(schema, self._root)
        if target is not schema and not self.conforms(value, target, depth + 1):
            return False
        if not _right_type(value, schema.get("type")):
            return False
        if "const" in schema and not _same(value, schema["const"]):
            return False
        choices = schema.get("enum")
        if (
            choices is not None
            and self.may(len(choices))
            and not any(_same(value, choice) for choice in choices)
        ):
            return False
        return _combined(value, schema, self, depth) and _inside(value, schema, self, depth)


def is_type(value: Any, name: str) -> bool:
    """Return whether a value is of a JSON type; 1.0 is an integer too."""
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, _TYPES.get(name, (object,)))


def _right_type(value: Any, wanted: Any) -> bool:
    if wanted is None:
        return True
    names = wanted if isinstance(wanted, list) else [wanted]
    return any(is_type(value, name) for name in names)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _combined(value: Any, schema: Mapping[str, Any], checker: Checker, depth: int) -> bool:
    def count(word: str) -> int:
        return sum(checker.conforms(value, part, depth + 1) for part in schema[word])

    return (
        ("allOf" not in schema or count("allOf") == len(schema["allOf"]))
        and ("anyOf" not in schema or count("anyOf") > 0)
        and ("oneOf" not in schema or count("oneOf") == 1)
        and ("not" not in schema or not checker.conforms(value, schema["not"], depth + 1))
    )


def _inside(value: Any, schema: Mapping[str, Any], checker: Checker, depth: int) -> bool:
    match value:
        case str():
            return schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)) and (
                "pattern" not in schema or has_match(schema["pattern"], value, checker.patterns)
            )
        case bool() | None:
            return True
        case int() | float():
            return _in_range(value, schema)
        case list():
            return _array(value, schema, checker, depth)
        case dict():
            return _object(value, schema, checker, depth)
    return True


def _in_range(value: float, schema: Mapping[str, Any]) -> bool:
    step = schema.get("multipleOf")
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        and (not step or _is_multiple(value, step))
    )


def _is_multiple(value: float, step: float) -> bool:
    try:
        return abs(value / step - round(value / step)) < 1e-9
    except OverflowError:  # beyond what floats hold
        return False


def _array(value: list[Any], schema: Mapping[str, Any], checker: Checker, depth: int) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return False
    pairs = ((one, other) for at, one in enumerate(value) for other in value[:at])
    if (
        schema.get("uniqueItems")
        and checker.may(len(value) ** 2 // 2)
        and any(_same(one, other) for one, other in pairs)
    ):
        return False
    leading = schema.get("prefixItems", [])
    if not all(checker.conforms(one, part, depth + 1) for one, part in zip(value, leading, strict=False)):
        return False
    if "contains" in schema and not any(
        checker.conforms(one, schema["contains"], depth + 1) for one in value
    ):
        return False
    rest = schema.get("items", True)
    return all(checker.conforms(one, rest, depth + 1) for one in value[len(leading) :])


def _object(value: dict[str, Any], schema: Mapping[str, Any], checker: Checker, depth: int) -> bool:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        return False
    if any(name not in value for name in schema.get("required", ())):
        return False
    properties = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    others = schema.get("additionalProperties", True)
    for name, inner in value.items():
        parts = [part for pattern, part in patterns.items() if has_match(pattern, name, checker.patterns)]
        parts += [properties[name]] if name in properties else []
        if not all(checker.conforms(inner, part, depth + 1) for part in parts or [others]):
            return False
    return True
