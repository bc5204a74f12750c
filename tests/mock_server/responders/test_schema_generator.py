"""Invented values conform to their schemas, whatever these ask for."""

import json
import random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.protocol.strictness import strict_problem
from mock_openai.responders.schema_generator import instance
from mock_openai.responders.schema_validator import Checker

CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER


def check(schema: Any, seed: int = 0) -> Any:
    value = instance(schema, random.Random(seed))
    jsonschema.Draft202012Validator(schema, format_checker=CHECKER).validate(value)
    return value


SCHEMAS: list[Any] = [
    {"type": "object"},
    {"const": {"a": 1}},
    {"enum": [None, 3]},
    {"type": ["null", "string"]},
    {"type": "string", "minLength": 30, "maxLength": 31},
    {"type": "string", "maxLength": 2},
    {"type": "string", "pattern": r"^[A-Z]{3}-\d{4}$"},
    {"type": "string", "pattern": r"^(red|green)+\s\w+@[^x]\.(com|org)?$"},
    {"type": "string", "pattern": r"^[a-z]+$", "minLength": 12},
    *(
        {"type": "string", "format": name}
        for name in ("date-time", "date", "time", "email", "uuid", "ipv4", "uri")
    ),
    {"type": "integer", "minimum": 7, "maximum": 7},
    {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    {"type": "integer", "multipleOf": 7, "minimum": 10},
    {"type": "number", "minimum": 0.1, "maximum": 0.2},
    {"type": "number", "exclusiveMaximum": -5},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "maxItems": 0},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": False},
    {"type": "array", "contains": {"const": 5}},
    {"type": "object", "required": ["undeclared"], "additionalProperties": {"type": "integer"}},
    {"type": "object", "minProperties": 2, "additionalProperties": {"type": "boolean"}},
    {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1, "required": ["c"]},
    {"anyOf": [{"type": "string", "pattern": "^a"}, {"type": "null"}]},
    {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 0.5}]},
    {"oneOf": [{"type": "number"}, {"type": "integer"}]},
    {
        "allOf": [
            {"type": "object", "required": ["a"]},
            {"properties": {"a": {"type": "integer", "minimum": 4}}},
        ]
    },
    {"type": "string", "not": {"enum": ["ember"]}},
    {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/node"}, "n": {"type": "integer"}},
            }
        },
        "$ref": "#/$defs/node",
    },
    {
        "type": "object",
        "properties": {"child": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["child"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"$ref": "#/definitions/tag"}, "minItems": 2}},
        "required": ["tags"],
        "definitions": {"tag": {"enum": ["x", "y"]}},
    },
    True,
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_a_value_conforms(schema: Any, seed: int) -> None:
    check(schema, seed)


def test_examples_and_defaults_are_preferred_when_they_conform() -> None:
    assert check({"type": "string", "examples": ["Paris"]}) == "Paris"
    assert check({"type": "integer", "default": 5, "maximum": 3}) != 5


def test_the_same_dice_give_the_same_value() -> None:
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 4}
    assert instance(schema, random.Random(1)) == instance(schema, random.Random(1))


def bounded(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.integers(-50, 50), st.integers(0, 20)).map(
        lambda pair: {"type": kind, "minimum": pair[0], "maximum": pair[0] + pair[1]}
    )


LEAVES = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    bounded("integer"),
    bounded("number"),
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(
        lambda pair: {"type": "string", "minLength": pair[0], "maxLength": pair[0] + pair[1]}
    ),
    st.lists(st.sampled_from(["a", "b", 1, None, True]), min_size=1, unique_by=repr).map(
        lambda some: {"enum": some}
    ),
)


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["city", "unit", "when", "who"])
    return st.one_of(
        st.tuples(st.dictionaries(names, inner, max_size=4), st.booleans(), st.data()).map(_object),
        st.tuples(inner, st.integers(0, 3)).map(
            lambda pair: {"type": "array", "items": pair[0], "minItems": pair[1]}
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
    )


def _object(parts: tuple[dict[str, Any], bool, Any]) -> dict[str, Any]:
    properties, closed, _ = parts
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": sorted(properties)[::2]}
    return {**schema, "additionalProperties": False} if closed else schema


@settings(max_examples=150, deadline=None)
@given(st.recursive(LEAVES, nested, max_leaves=8), st.integers(0, 3))
def test_any_schema_of_the_usual_words_is_met(schema: dict[str, Any], seed: int) -> None:
    value = check(schema, seed)
    assert Checker(schema).conforms(value, schema)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(LEAVES, nested, max_leaves=4),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-60, 60), st.text(max_size=8)),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["city", "x"]), inner, max_size=2)
        ),
        max_leaves=4,
    ),
)
def test_conforming_means_what_the_standard_says(schema: dict[str, Any], value: Any) -> None:
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert Checker(schema).conforms(value, schema) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**9},
        {"type": "array", "minItems": 900, "items": {"type": "array", "minItems": 900}},
        {"type": "object", "minProperties": 10**9},
        {"type": "string", "minLength": 10**10},
        {"type": "string", "minLength": 9.0, "maxLength": 12.0},
        {"type": "array", "minItems": 2.0, "maxItems": 3.0},
        {"type": "string", "pattern": "((a{1000}){1000}){1000}"},
        {"type": "string", "pattern": "a{99999999999}"},
        {"type": "string", "pattern": r"^\p{L}("},
        {"type": "number", "multipleOf": 1e-300},
        {"type": "integer", "minimum": 10**400},
        {"allOf": [{"$ref": "#"}]},
        {"not": {"$ref": "#"}},
        {"oneOf": [{"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, {"$ref": "#"}]},
        {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]},
    ],
)
def test_a_schema_that_asks_for_too_much_gets_an_answer_of_bounded_size(schema: dict[str, Any]):
    assert len(json.dumps(instance(schema, random.Random(0)))) < 1_000_000


class Name(str):
    """A name that counts how often any is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Name.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@pytest.mark.parametrize("shape", ["required", "optional", "parts", "strict"])
def test_a_schema_of_many_names_takes_no_more_than_some_looks_at_each(shape: str) -> None:
    def names() -> list[Name]:
        return [Name(f"name {number}") for number in range(400)]

    schema: Any = {"type": "object", "properties": {name: {"type": "boolean"} for name in names()}}
    if shape == "optional":
        schema["maxProperties"] = 3
    elif shape == "parts":
        schema["allOf"] = [{"required": [name]} for name in names()]
    else:
        schema["required"] = names()
    Name.compared = 0
    if shape == "strict":
        assert strict_problem({**schema, "additionalProperties": False}) is None
    else:
        assert len(instance(schema, random.Random(0))) == (3 if shape == "optional" else 400)
    assert Name.compared <= 400 * 50
