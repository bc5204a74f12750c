"""A tool's or format's schema that is no JSON schema is refused in words; it is no failure of ours."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.metaschema import malformed
from mock_openai.protocol.request import parse_request

NO_SCHEMAS: list[tuple[Any, str]] = [
    ({"properties": {"a": 5}}, "5 is not of type 'object', 'boolean'."),
    ({"properties": [1]}, "[1] is not of type 'object'."),
    ({"required": 5}, "5 is not of type 'array'."),
    ({"required": ["a", None]}, "None is not of type 'string'."),
    ({"type": "zzz"}, "'zzz' is not valid under any of the given schemas."),
    (
        {"type": "object", "properties": {"a": {"type": []}}},
        "[] is not valid under any of the given schemas.",
    ),
    ({"exclusiveMinimum": True}, "True is not of type 'number'."),
    ({"items": [{}]}, "[{}] is not of type 'object', 'boolean'."),
    ({"anyOf": []}, "[] should be non-empty."),
    ({"anyOf": 7}, "7 is not of type 'array'."),
    ({"$defs": {"a": {"$ref": 5}}}, "5 is not of type 'string'."),
    ({"minItems": -1}, "-1 is less than the minimum of 0."),
    ({"minItems": 1.5}, "1.5 is not of type 'integer'."),
    ({"multipleOf": 0}, "0 is less than or equal to the minimum of 0."),
    ({"enum": 5}, "5 is not of type 'array'."),
]


@pytest.mark.parametrize(("schema", "words"), NO_SCHEMAS)
def test_what_is_no_schema_is_told_in_the_words_of_jsonschema(schema: Any, words: str):
    assert malformed(schema) == words
    with pytest.raises(jsonschema.SchemaError):
        jsonschema.Draft202012Validator.check_schema(schema)


def test_what_is_one_is_taken():
    for schema in ({}, True, {"minItems": 2.0, "nullable": True, "x": 5}, {"type": ["string", "null"]}):
        assert malformed(schema) is None
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("strict", [True, False, None])
def test_functions_and_formats_are_told_apart(strict: bool | None):
    bad = {"type": "object", "properties": {"a": 5}}
    function = {"type": "function", "name": "f", "parameters": bad, "strict": strict}
    nested = {"type": "namespace", "name": "n", "description": "d", "tools": [function]}
    form = {"format": {"type": "json_schema", "name": "f", "schema": bad, "strict": strict}}
    words = "5 is not of type 'object', 'boolean'."
    for more, who, param, code in (
        ({"tools": [function]}, "function", "tools[0].parameters", "invalid_function_parameters"),
        ({"tools": [nested]}, "function", "tools[0].tools[0].parameters", "invalid_function_parameters"),
        ({"text": form}, "response_format", "text.format.schema", "invalid_json_schema"),
    ):
        with pytest.raises(ApiError) as refused:
            parse_request({"model": "gpt-5.4", "input": "x", **more}, transport="http")
        assert (refused.value.param, refused.value.code) == (param, code)
        assert refused.value.message == f"Invalid schema for {who} 'f': {words}"


def test_arguments_and_structured_output_are_objects():
    tool = {"type": "function", "name": "f", "parameters": {"type": "array"}}
    with pytest.raises(ApiError) as refused:
        parse_request({"model": "gpt-4o", "input": "x", "tools": [tool]}, transport="http")
    assert refused.value.message == (
        "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"', "
        "got 'type: \"array\"'."
    )


def test_a_functions_schema_is_an_object_at_the_top_and_nothing_else():
    for schema, told in (
        ({"properties": {}}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
        (
            {"type": "object", "anyOf": [{"required": ["a"]}]},
            "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the "
            "top level.",
        ),
    ):
        for strict in (True, False, None):
            tool = {"type": "function", "name": "f", "parameters": schema, "strict": strict}
            with pytest.raises(ApiError) as refused:
                parse_request({"model": "gpt-4o", "input": "x", "tools": [tool]}, transport="http")
            assert refused.value.message == f"Invalid schema for function 'f': {told}"
    nothing = {"type": "function", "name": "f", "parameters": {}, "strict": False}
    parse_request({"model": "gpt-4o", "input": "x", "tools": [nothing]}, transport="http")


CLOSED = {"type": "object", "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"oneOf": [CLOSED]}, "In context=(), 'oneOf' is not permitted."),
        (
            {**CLOSED, "properties": {"a": {"type": "array", "uniqueItems": True}}, "required": ["a"]},
            "In context=('properties', 'a'), 'uniqueItems' is not permitted.",
        ),
        (
            {**CLOSED, "properties": {"a": {"description": "x"}}, "required": ["a"]},
            "In context=('properties', 'a'), schema must have a 'type' key.",
        ),
        (
            {**CLOSED, "properties": {}, "required": ["a"]},
            "In context=(), 'required' is required to be supplied and to be an array including every key in "
            "properties. Extra required key 'a' supplied.",
        ),
        ({"$ref": "#/$defs/a"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
    ],
)
def test_a_strict_format_says_where_it_is_not_strict(schema: dict[str, Any], told: str):
    form = {"format": {"type": "json_schema", "name": "f", "schema": schema, "strict": True}}
    with pytest.raises(ApiError) as refused:
        parse_request({"model": "gpt-4o", "input": "x", "text": form}, transport="http")
    assert refused.value.message == f"Invalid schema for response_format 'f': {told}"
    assert (refused.value.param, refused.value.code) == ("text.format.schema", "invalid_json_schema")
