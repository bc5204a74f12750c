"""Tools and text formats as the response object returns them.

Every default is filled in; the type comes first and the other fields in alphabetical order (observed). A
function without `strict` becomes strict, and its schema is rewritten accordingly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from mock_openai.protocol import json
from mock_openai.protocol.mcp_credentials import hide_credentials
from mock_openai.protocol.strictness import has_free_keys, strict_problem
from mock_openai.protocol.tools import family

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
        "server_url": None,
    },
    "image_generation": {
        "background": "auto",
        "model": "gpt-image-1",
        "moderation": "auto",
        "n": 1,
        "output_compression": 100,
        "output_format": "png",
        "quality": "auto",
        "size": "auto",
    },
    "tool_search": {"description": None, "parameters": None},
}
# Fields that are never returned, whatever is sent (observed).
_NEVER_SHOWN = {
    "web_search": ("external_web_access",),
    "image_generation": ("action", "input_fidelity", "input_image_mask", "partial_images"),
}
_FILTER = {"read_only": None, "tool_names": None}
_NOTHING = {"type": "object", "properties": {}}
_WEB_SEARCH_PREVIEW = {"search_context_size": "medium"}
_LOCATION = {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None}


def echo_tools(tools: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the tools as the response object shows them; `tool_list` says which, and in which order."""
    return [echo_tool(tool) for tool in tools]


def echo_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return one tool as the response object shows it."""
    kind = tool["type"]
    defaults = (
        _WEB_SEARCH_PREVIEW if kind.startswith("web_search_preview") else _DEFAULTS.get(family(kind), {})
    )
    given = {name: value for name, value in tool.items() if value is not None}
    filled: dict[str, Any] = {**dict.fromkeys(tool), **defaults, **given}
    for name in _NEVER_SHOWN.get(family(kind), ()):
        filled.pop(name, None)
    if kind == "function":
        filled["description"] = filled["description"] or None
        filled["strict"] = _is_strict(tool)
        filled["parameters"] = echo_schema(filled["parameters"], strict=filled["strict"])
    elif family(kind) == "web_search":
        place = filled.get("user_location")
        filled["user_location"] = {**_LOCATION, "country": None, **place} if place else dict(_LOCATION)
    elif kind == "mcp":
        _echo_mcp(filled)
    elif kind == "namespace":
        filled["tools"] = [echo_tool(inner) for inner in filled["tools"]]
    elif kind == "shell" and (filled.get("environment") or {}).get("type") == "container_auto":
        filled["environment"] = container_of(tool)
    elif kind == "custom":
        form = filled["format"]
        filled["format"] = {"type": form["type"], **dict(sorted(form.items()))}
    return {"type": kind, **{name: filled[name] for name in sorted(filled) if name != "type"}}


def _echo_mcp(filled: dict[str, Any]) -> None:
    """Hide the credentials of an MCP server, and fill in its filters (observed).

    An answer is journaled and stored, so no credential may come back in it. Recordings have no headers, so
    what the real API does with them is inferred.
    """
    hide_credentials(filled)
    if filled.get("authorization") is None:
        filled.pop("authorization", None)
    if isinstance(filled["allowed_tools"], Mapping):
        filled["allowed_tools"] = {**_FILTER, **filled["allowed_tools"]}
    if isinstance(filled["require_approval"], Mapping):
        rules = {"always": None, "never": None, **filled["require_approval"]}
        filled["require_approval"] = {
            name: {**_FILTER, **rule} if isinstance(rule, Mapping) else rule for name, rule in rules.items()
        }


def container_of(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return the container that a shell with one of its own gets, as the response names it (observed). Which
    one follows from the tool, so that a conversation that keeps its tools keeps its container.
    """
    name = hashlib.sha256(json.compact(tool)).hexdigest()[:48]
    return {"type": "container_reference", "container_id": f"cntr_{name}"}


def echo_schema(schema: Any, *, strict: bool) -> Any:
    """Return a function's JSON schema: a strict schema is closed and requires every property; any other is
    returned as it was sent (observed).
    """
    if not isinstance(schema, Mapping):
        return schema
    return _closed(schema) if strict else dict(schema) or dict(_NOTHING)


def echo_text(text: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the text configuration; a schema loses its `$schema` (observed)."""
    text = text or {}
    wanted = text.get("format") or {"type": "text"}
    form: dict[str, Any] = dict(wanted)
    if wanted["type"] == "json_schema":
        strict = wanted.get("strict")
        form = {
            "type": "json_schema",
            "description": wanted.get("description"),
            "name": wanted["name"],
            "schema": {name: value for name, value in wanted["schema"].items() if name != "$schema"},
            "strict": True if strict is None else strict,
        }
    return {"format": form, "verbosity": text.get("verbosity") or "medium"}


def _is_strict(tool: Mapping[str, Any]) -> bool:
    """Return whether a function is strict: as it says, null being false (observed); one that does not say is
    strict if its schema, once closed, is (documented).
    """
    if "strict" in tool:
        return tool["strict"] is True
    schema = tool.get("parameters")
    if not isinstance(schema, Mapping):
        return True
    return not has_free_keys(schema) and strict_problem(_closed(schema)) is None


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
