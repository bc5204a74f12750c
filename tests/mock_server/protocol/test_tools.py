"""Tools and formats as the response object gives them back."""

import json
from typing import Any

from mock_openai.protocol.response_fields import echo_schema, echo_text, echo_tool

WEATHER = {"properties": {"location": {"type": "string"}}, "required": ["location"], "type": "object"}


def test_a_function_becomes_strict_and_its_schema_closed() -> None:
    shown = echo_tool(
        {"type": "function", "name": "get_weather", "description": "Weather.", "parameters": WEATHER}
    )
    assert json.dumps(shown) == json.dumps(
        {
            "type": "function",
            "description": "Weather.",
            "name": "get_weather",
            "output_schema": None,
            "parameters": {**WEATHER, "additionalProperties": False},
            "strict": True,
        }
    )


def test_required_is_extended_to_every_property_and_nested_objects_are_closed_too() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": "integer"}}}},
        },
    }
    closed = echo_schema(schema, strict=True)
    assert closed["required"] == ["a", "b"]
    assert list(closed)[-2:] == ["additionalProperties", "required"]
    assert closed["properties"]["b"]["items"]["required"] == ["c"]


def test_a_loose_function_comes_back_as_sent() -> None:
    for strict in (False, None):
        tool = {"type": "function", "name": "f", "strict": strict, "parameters": {"$schema": "x", **WEATHER}}
        assert json.dumps(echo_tool(tool)["parameters"]) == json.dumps(tool["parameters"])
        assert echo_tool(tool)["strict"] is False


def test_hosted_tools_are_filled_in() -> None:
    assert json.dumps(echo_tool({"type": "web_search"})) == json.dumps(
        {
            "type": "web_search",
            "return_token_budget": "default",
            "search_content_types": ["text"],
            "search_context_size": "medium",
            "user_location": {
                "type": "approximate",
                "city": None,
                "country": "US",
                "region": None,
                "timezone": None,
            },
        }
    )
    mcp = echo_tool(
        {"type": "mcp", "server_label": "d", "server_url": "https://x/mcp", "authorization": "secret"}
    )
    assert mcp["authorization"] == "<redacted>"
    assert list(mcp) == [
        "type",
        "allowed_tools",
        "authorization",
        "headers",
        "require_approval",
        "server_description",
        "server_label",
        "server_url",
    ]
    assert echo_tool({"type": "custom", "name": "c"})["format"] == {"type": "text"}


def test_a_given_place_keeps_what_it_says() -> None:
    place = {"type": "approximate", "country": "MX", "city": "Mexico City"}
    shown: dict[str, Any] = echo_tool({"type": "web_search", "user_location": place})
    assert shown["user_location"] == {**place, "region": None, "timezone": None}


def test_a_json_schema_format_gets_description_and_strictness() -> None:
    form = {"type": "json_schema", "name": "n", "schema": {"type": "object"}}
    assert json.dumps(echo_text({"format": form})) == json.dumps(
        {
            "format": {
                "type": "json_schema",
                "description": None,
                "name": "n",
                "schema": {"type": "object"},
                "strict": True,
            },
            "verbosity": "medium",
        }
    )


def test_a_function_that_cannot_be_closed_stays_as_it_is_unless_strictness_was_asked_for() -> None:
    free = {"type": "object", "properties": {"tags": {"type": "object", "additionalProperties": True}}}
    for schema in (free, {**WEATHER, "not": {}}, {"type": "object", "properties": {"a": {}}}):
        shown = echo_tool({"type": "function", "name": "f", "parameters": schema})
        assert (shown["strict"], shown["parameters"]) == (False, schema)
    named_like_words = {"type": "object", "properties": {"not": {"type": "string"}, "if": WEATHER}}
    assert echo_tool({"type": "function", "name": "f", "parameters": named_like_words})["strict"] is True


def test_functions_of_a_namespace_are_given_back_like_all_others() -> None:
    inner = {"type": "function", "name": "f", "parameters": WEATHER}
    shown = echo_tool({"type": "namespace", "name": "n", "description": "d", "tools": [inner]})
    assert shown["tools"] == [echo_tool(inner)]


def test_a_shell_with_a_container_of_its_own_is_told_which_one() -> None:
    tool = {"type": "shell", "environment": {"type": "container_auto", "memory_limit": "1g"}}
    place = echo_tool(tool)["environment"]
    assert list(place) == ["type", "container_id"]
    assert place["type"] == "container_reference"
    assert place["container_id"].startswith("cntr_")
    assert len(place["container_id"]) == 53
    assert echo_tool(tool)["environment"] == place, "the same in every event"
    local = {"type": "shell", "environment": {"type": "local"}}
    assert echo_tool(local) == local
