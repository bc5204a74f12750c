"""Tools and text formats: what a request may say of them, and how the response object gives them back.

The echo fills in every default and writes the type first and the other fields in alphabetical order
(observed). A function without `strict` becomes strict and its schema is rewritten accordingly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mock_openai.protocol.schema import (
    Array,
    Boolean,
    Object,
    String,
    Tagged,
    either,
    need,
    words,
)

_NAME = String(filled=True, maximum=128, pattern="[a-zA-Z0-9_-]+")
_TEXT = String()
_OPEN = Object(open=True)

_FUNCTION = Object(
    {
        "type": _TEXT,
        "name": need(_NAME),
        "description": _TEXT,
        "parameters": _OPEN,
        "strict": Boolean(),
        "output_schema": _OPEN,
        "defer_loading": Boolean(),
        "allowed_callers": Array(_TEXT),
        "async": Boolean(),
    }
)
TOOLS = Array(
    Tagged(
        {
            "function": _FUNCTION,
            "custom": Object({"name": need(_NAME), "description": _TEXT, "format": _OPEN}, open=True),
            "mcp": Object({"server_label": need(String(filled=True)), "server_url": _TEXT}, open=True),
            "file_search": Object({"vector_store_ids": need(Array(_TEXT, minimum=1))}, open=True),
            "code_interpreter": Object({"container": need(either(_OPEN, _TEXT))}, open=True),
            "namespace": Object({"name": need(_NAME), "tools": need(Array(_OPEN))}, open=True),
        },
        listed=frozenset(
            {
                "apply_patch",
                "computer",
                "computer_use",
                "computer_use_preview",
                "image_generation",
                "local_shell",
                "programmatic_tool_calling",
                "shell",
                "tool_search",
                "web_search",
                "web_search_2025_08_26",
                "web_search_preview",
                "web_search_preview_2025_03_11",
            }
        ),
        blame_tag=True,
    )
)

TOOL_CHOICE = either(
    Tagged(
        {
            "function": Object({"type": _TEXT, "name": need(_TEXT)}, open=True),
            "custom": Object({"type": _TEXT, "name": need(_TEXT)}),
            "mcp": Object({"type": _TEXT, "server_label": need(_TEXT), "name": _TEXT}),
            "allowed_tools": Object(
                {"type": _TEXT, "mode": need(words("auto", "required")), "tools": need(Array(_OPEN))}
            ),
        },
        listed=frozenset(
            {
                "apply_patch",
                "code_interpreter",
                "computer",
                "computer_use",
                "computer_use_preview",
                "file_search",
                "image_generation",
                "local_shell",
                "programmatic_tool_calling",
                "shell",
                "web_search",
                "web_search_2025_08_26",
                "web_search_preview",
                "web_search_preview_2025_03_11",
            }
        ),
        blame_tag=True,
    ),
    words("none", "auto", "required"),
)

TEXT = Object(
    {
        "format": Tagged(
            {
                "text": Object({"type": _TEXT}),
                "json_object": Object({"type": _TEXT}),
                "json_schema": Object(
                    {
                        "type": _TEXT,
                        "name": need(String(filled=True, maximum=64, pattern="[a-zA-Z0-9_-]+")),
                        "schema": need(_OPEN),
                        "description": _TEXT,
                        "strict": Boolean(),
                    }
                ),
                "grammar": Object(open=True),
                "python": Object({"type": _TEXT}),
            },
            blame_tag=True,
        ),
        "verbosity": words("low", "medium", "high"),
    }
)

_DEFAULTS: dict[str, dict[str, Any]] = {
    "function": {"description": None, "output_schema": None, "parameters": None, "strict": True},
    "custom": {"description": None, "format": {"type": "text"}},
    "web_search": {
        "return_token_budget": "default",
        "search_content_types": ["text"],
        "search_context_size": "medium",
    },
    "file_search": {
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
    },
    "mcp": {
        "allowed_tools": None,
        "headers": None,
        "require_approval": "always",
        "server_description": None,
    },
    "image_generation": {
        "background": "auto",
        "moderation": "auto",
        "n": 1,
        "output_compression": 100,
        "output_format": "png",
        "quality": "auto",
        "size": "auto",
    },
    "tool_search": {"description": None, "parameters": None},
}
_NOTHING = {"type": "object", "properties": {}}
_WEB_SEARCH_PREVIEW = {"search_context_size": "medium"}
_LOCATION = {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None}


def echo_tools(tools: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the tools back: those that are loaded only when they are searched for come first (observed)."""
    shown = [echo_tool(tool) for tool in tools]
    return sorted(shown, key=lambda tool: tool.get("defer_loading") is not True)


def echo_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Give a tool back as the response object shows it."""
    kind = tool["type"]
    defaults = (
        _WEB_SEARCH_PREVIEW if kind.startswith("web_search_preview") else _DEFAULTS.get(family(kind), {})
    )
    given = {name: value for name, value in tool.items() if value is not None}
    filled: dict[str, Any] = {**dict.fromkeys(tool), **defaults, **given}
    if kind == "function":
        filled["parameters"] = echo_schema(filled["parameters"], strict=filled["strict"])
    elif family(kind) == "web_search":
        place = filled.get("user_location")
        filled["user_location"] = {**_LOCATION, "country": None, **place} if place else dict(_LOCATION)
    elif kind == "mcp":
        filled.pop("authorization", None)
        # An answer is journaled and stored, so no credential may come back in it. What the real API does with
        # headers is not known; recordings have none (inferred).
        if isinstance(filled.get("headers"), Mapping):
            filled["headers"] = dict.fromkeys(filled["headers"], "<redacted>")
        if isinstance(filled.get("server_url"), str):
            filled["server_url"] = bare_address(filled["server_url"])
    elif kind == "custom":
        form = filled["format"]
        filled["format"] = {"type": form["type"], **dict(sorted(form.items()))}
    return {"type": kind, **{name: filled[name] for name in sorted(filled) if name != "type"}}


def bare_address(address: str) -> str:
    """Give an MCP server's address as it may be shown: with credentials or a query in it, only its host and
    `<redacted>` (the form is observed, when the real API uses it is not known).
    """
    if "?" not in address and "@" not in address:
        return address
    found = re.match(r"(https?://)(?:[^/?#]*@)?([^/?#@]*)", address, re.I)
    return f"{found[1]}{found[2]}/<redacted>" if found else "<redacted>"


def echo_schema(schema: Any, *, strict: bool) -> Any:
    """Give a JSON schema back: strict ones closed and with every property required, `$schema` dropped in
    the others.
    """
    if not isinstance(schema, Mapping):
        return schema
    if not strict:
        return {name: value for name, value in schema.items() if name != "$schema"} or dict(_NOTHING)
    return _closed(schema)


def echo_text(text: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the text configuration back."""
    text = text or {}
    wanted = text.get("format") or {"type": "text"}
    form: dict[str, Any] = dict(wanted)
    if wanted["type"] == "json_schema":
        strict = wanted.get("strict")
        form = {
            "type": "json_schema",
            "description": wanted.get("description"),
            "name": wanted["name"],
            "schema": wanted["schema"],
            "strict": True if strict is None else strict,
        }
    return {"format": form, "verbosity": text.get("verbosity") or "medium"}


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


def family(kind: str) -> str:
    """Give the tool that a dated or preview name stands for; a choice may name either (observed)."""
    return "web_search" if kind.startswith("web_search") else kind


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    closed = {name: _closed_part(name, value) for name, value in schema.items()}
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, Mapping):
        wanted = list(schema.get("required") or [])
        closed["additionalProperties"] = False
        closed["required"] = wanted + [name for name in properties or {} if name not in wanted]
    return closed


def _closed_part(name: str, value: Any) -> Any:
    match name, value:
        case ("properties" | "$defs" | "definitions", Mapping()):
            return {key: _closed(part) if isinstance(part, Mapping) else part for key, part in value.items()}
        case (_, Mapping()) if name not in ("default", "const", "enum", "examples"):
            return _closed(value)
        case ("anyOf" | "oneOf" | "allOf" | "prefixItems", list()):
            return [_closed(part) if isinstance(part, Mapping) else part for part in value]
    return value
