"""Invents a value that conforms to a JSON schema: arguments for a forced tool, JSON for a structured answer.

It follows the schema from the outside in, keeps objects small once they nest deep, and checks the result;
where several shapes are allowed, it takes the first whose value conforms. The same generator gives the same
value.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import mock_openai.responders.schema_pattern as pattern
from mock_openai.protocol import json
from mock_openai.responders.schema_validator import Checker, Schema, is_type, resolve

# Below this depth optional properties and elements are left out, so that recursive schemas come to an end.
_DEEP = 4
_DEEPEST = 24
# Limits of a value: parts in all, members of one list or object, characters. A schema that asks for more gets
# a value of this size, which does not conform.
_PARTS, _MEMBERS, _CHARACTERS = 4_000, 1_000, 10_000
_COPIED = ("properties", "required", "enum")
_PER_PART = 100
"""Members of an object that are copied for each part of the limit."""
_WORDS = ("harbour", "lantern", "meadow", "copper", "willow", "saffron", "granite", "ember")
_FORMATS: Mapping[str, str] = {
    "date-time": "2026-01-01T12:00:00Z",
    "date": "2026-01-01",
    "time": "12:00:00Z",
    "duration": "PT5M",
    "email": "ada@example.com",
    "idn-email": "ada@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "iri": "https://example.com/",
    "uri-reference": "/example",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "json-pointer": "/example",
    "regex": "a+",
}


def instance(schema: Schema, rng: random.Random) -> Any:
    """Return a value for a schema; the closest attempt if no value satisfies the schema."""
    return _Inventor(schema, rng).invent(schema, 0)


class _Inventor:
    def __init__(self, root: Schema, rng: random.Random) -> None:
        self._root = root
        self._rng = rng
        self._left = _PARTS
        self._checker = Checker(root)

    def invent(self, schema: Schema, depth: int) -> Any:
        """Return the first candidate that conforms, or the last one."""
        candidate: Any = None
        self._left -= 1
        for candidate in self._candidates(schema, depth):
            if self._checker.conforms(candidate, schema):
                return candidate
        return candidate

    def _candidates(self, schema: Schema, depth: int) -> Iterator[Any]:
        if isinstance(schema, bool) or depth > _DEEPEST or self._left < 0:
            yield None
            return
        flat = self._flat(schema, depth)
        if isinstance(flat, bool):
            yield None
            return
        if "const" in flat:
            yield flat["const"]
            return
        if flat.get("enum"):
            choices = list(flat["enum"])
            yield self._rng.choice(choices)
            yield from choices
            return
        yield from (flat[word] for word in ("default",) if word in flat)
        yield from flat.get("examples") or ()
        for word in ("anyOf", "oneOf"):
            if flat.get(word):
                rest = {name: value for name, value in flat.items() if name != word}
                for part in self._shallow_first(flat[word], depth):
                    yield self.invent(_merged(rest, part if isinstance(part, Mapping) else {}), depth + 1)
        for kind in self._kinds(flat):
            yield from self._of_kind(kind, flat, depth)

    def _flat(self, schema: Mapping[str, Any], depth: int) -> Schema:
        """Fold `$ref` and `allOf` into one schema."""
        own = {name: value for name, value in schema.items() if name not in ("$ref", "allOf")}
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:  # it refers to itself
            return own
        if "$ref" in schema:
            target = resolve(schema, self._root)
            own = _merged(own, target if isinstance(target, Mapping) else {})
            if "$ref" in own or "allOf" in own:
                return self._flat(own, depth + 1)
        for part in schema.get("allOf") or ():
            if isinstance(part, Mapping) and self._left >= 0:
                copied = [own[word] for word in _COPIED if isinstance(own.get(word), list | Mapping)]
                self._left -= sum(map(len, copied)) // _PER_PART
                flat = self._flat(part, depth + 1)
                own = _merged(own, flat if isinstance(flat, Mapping) else {})
        return own

    def _shallow_first(self, parts: list[Schema], depth: int) -> list[Schema]:
        if depth < _DEEP:
            return parts
        return sorted(parts, key=lambda part: "$ref" in part if isinstance(part, Mapping) else False)

    def _kinds(self, schema: Mapping[str, Any]) -> list[str]:
        wanted = schema.get("type")
        if isinstance(wanted, str):
            return [wanted]
        if isinstance(wanted, list):
            # Null says nothing, so an invented answer uses it only if there is no other choice.
            return sorted(wanted, key=lambda name: name == "null")
        hints = (
            ("object", ("properties", "required", "additionalProperties", "minProperties")),
            ("array", ("items", "prefixItems", "minItems", "contains")),
            ("string", ("pattern", "format", "minLength", "maxLength")),
            ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
        )
        found = [kind for kind, words in hints if any(word in schema for word in words)]
        return [*found, "string", "integer", "object", "array", "boolean", "null", "number"]

    def _of_kind(self, kind: str, schema: Mapping[str, Any], depth: int) -> Iterator[Any]:
        match kind:
            case "string":
                yield from self._strings(schema)
            case "integer":
                yield from (int(value) for value in self._numbers(schema, whole=True))
            case "number":
                yield from self._numbers(schema, whole=False)
            case "boolean":
                first = self._rng.random() < 0.5
                yield from (first, not first)
            case "array":
                yield self._array(schema, depth)
            case "object":
                yield self._object(schema, depth)
            case _:
                yield None

    def _strings(self, schema: Mapping[str, Any]) -> Iterator[str]:
        shortest = _size(schema, "minLength", 0, _CHARACTERS)
        longest = _size(schema, "maxLength", max(shortest, 60), _CHARACTERS)
        if schema.get("format") in _FORMATS:
            yield _FORMATS[schema["format"]]
        if "pattern" in schema:
            for _ in range(20):
                yield pattern.example(schema["pattern"], self._rng, self._checker.patterns, shortest)
        word = self._rng.choice(_WORDS)
        while len(word) < shortest:
            word += f" {self._rng.choice(_WORDS)}"
        yield word[:longest] if longest >= shortest else word

    def _numbers(self, schema: Mapping[str, Any], *, whole: bool) -> Iterator[float]:
        try:
            for value in self._near(schema, 1 if whole else 0.5):
                yield int(value) if whole and float(value).is_integer() else value
        except (OverflowError, ValueError):  # beyond what floats hold
            yield 0

    def _near(self, schema: Mapping[str, Any], default_step: float) -> Iterator[float]:
        step = schema.get("multipleOf") or default_step
        low, high = _bounds(schema, step)
        if low is None and high is None:
            low, high = 1, 10
        anchor = low if low is not None else high
        assert anchor is not None
        first = -(-anchor // step) * step if low is not None else anchor // step * step
        direction = 1 if low is not None else -1
        room = 8 if low is None or high is None else max(0, int((high - low) // step))
        offset = self._rng.randint(0, min(room, 8))
        for count in (offset, 0, 1, 2):
            value = first + direction * count * step
            if math.isfinite(value):
                yield value
        if low is not None and high is not None:
            yield (low + high) / 2

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        made = [self.invent(part, depth + 1) for part in schema.get("prefixItems", ())]
        least = _size(schema, "minItems", 0, _MEMBERS)
        wanted = max(least, len(made), 0 if depth >= _DEEP else 1)
        wanted = min(wanted, max(least, _size(schema, "maxItems", wanted, _MEMBERS)))
        if "contains" in schema and not any(self._checker.conforms(one, schema["contains"]) for one in made):
            made.append(self.invent(schema["contains"], depth + 1))
        items = schema.get("items", True)
        tries = 0
        while len(made) < wanted and items is not False and tries < wanted + 50 and self._left > 0:
            tries += 1
            one = self.invent(items if items is not True else {"type": "string"}, depth + 1)
            if not schema.get("uniqueItems") or one not in made:
                made.append(one)
        return made[: _size(schema, "maxItems", len(made), len(made))]

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = _names(schema.get("required"))
        optional = [] if depth >= _DEEP else [name for name in properties if name not in required]
        most = _size(schema, "maxProperties", len(properties) + len(required), _PARTS)
        kept = set(optional[: max(0, most - len(required))])
        names = [name for name in properties if name in required or name in kept]
        names += [name for name in required if name not in properties]
        others = schema.get("additionalProperties", True)
        extra = others if isinstance(others, Mapping) else {"type": "string"}
        made: dict[str, Any] = {}
        for name in names:
            part = properties.get(name, extra)
            value = self.invent(part, depth + 1)
            # An optional property for which nothing conforms is better left out.
            if name in required or self._checker.conforms(value, part):
                made[name] = value
        least = _size(schema, "minProperties", 0, _MEMBERS)
        while len(made) < least and others is not False:
            made[f"property{len(made) + 1}"] = self.invent(extra, depth + 1)
        return made


def _names(given: Any) -> dict[str, None]:
    """Return the texts in a list, or the keys of an object, in their order: fast to look up."""
    return dict.fromkeys(name for name in given or () if isinstance(name, str))


def _size(schema: Mapping[str, Any], word: str, default: int, limit: int) -> int:
    """Return a length that a schema names, at most `limit`; JSON may write it 5.0."""
    return int(min(schema.get(word, default), limit))


def _bounds(schema: Mapping[str, Any], step: float) -> tuple[float | None, float | None]:
    lows = [schema["minimum"]] if "minimum" in schema else []
    highs = [schema["maximum"]] if "maximum" in schema else []
    if is_type(schema.get("exclusiveMinimum"), "number"):
        lows.append((schema["exclusiveMinimum"] // step + 1) * step)
    if is_type(schema.get("exclusiveMaximum"), "number"):
        highs.append(-(-schema["exclusiveMaximum"] // step) * step - step)
    return (max(lows) if lows else None), (min(highs) if highs else None)


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two schemas into one that requires both, as far as keywords can be combined."""
    merged = dict(one)
    for word, value in other.items():
        if word not in merged:
            merged[word] = value
        elif word in ("properties", "$defs", "definitions"):
            merged[word] = {**merged[word], **value}
        elif word == "required":
            merged[word] = [*(_names(merged[word]) | _names(value))]
        elif word in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"):
            merged[word] = max(merged[word], value)
        elif word in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"):
            merged[word] = min(merged[word], value)
        elif word == "enum":
            written = set(map(json.compact, value))
            merged[word] = [choice for choice in merged[word] if json.compact(choice) in written] or value
        elif word == "type":
            merged[word] = _common_types(merged[word], value)
    return merged


def _common_types(one: Any, other: Any) -> Any:
    first = one if isinstance(one, list) else [one]
    second = other if isinstance(other, list) else [other]
    common = [name for name in first if name in second or (name == "integer" and "number" in second)]
    common += [name for name in second if name == "integer" and "number" in first and name not in common]
    return (common[0] if len(common) == 1 else common) or one
