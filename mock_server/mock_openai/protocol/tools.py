"""The rules for tools and text formats in a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.schema import (
    Anything,
    Array,
    Boolean,
    Integer,
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
_YES_NO = Boolean()
_CALLERS = Array(words("direct", "programmatic"), minimum=1)


@dataclass(frozen=True, slots=True)
class _Mcp(Object):
    """An MCP server; a connector among them needs the user's token (reported)."""

    def check(self, value: Any, path: str) -> None:
        Object.check(self, value, path)
        if value.get("connector_id") is not None and not value.get("authorization"):
            raise errors.connector_without_authorization(path)


_FUNCTION = Object(
    {
        "type": _TEXT,
        "name": need(_NAME),
        "description": _TEXT,
        "parameters": _OPEN,
        "strict": _YES_NO,
        "output_schema": _OPEN,
        "defer_loading": _YES_NO,
        "allowed_callers": _CALLERS,
        "async": _YES_NO,
        # The content of a tool in the form of Chat Completions is not checked (reported).
        "function": Anything(),
    }
)
_SEARCH_SIZE = words("low", "medium", "high")
_PLACE = Object({"type": words("approximate")}, open=True)
_WEB_SEARCH = Object(
    {"search_context_size": _SEARCH_SIZE, "user_location": _PLACE, "filters": _OPEN}, open=True
)
_IMAGE = Object(
    {
        "action": words("generate", "edit", "auto"),
        "background": words("transparent", "opaque", "auto"),
        "input_fidelity": words("high", "low"),
        "moderation": words("auto", "low"),
        "output_compression": Integer(0, 100),
        "output_format": words("png", "webp", "jpeg", "gif", "svg"),
        "partial_images": Integer(0, 3),
        "quality": words("low", "medium", "high", "auto"),
    },
    open=True,
)
_CONNECTORS = words(
    "connector_dropbox",
    "connector_gmail",
    "connector_googlecalendar",
    "connector_googledrive",
    "connector_microsoftteams",
    "connector_outlookcalendar",
    "connector_outlookemail",
    "connector_sharepoint",
)
_APPROVAL = either(_OPEN, words("always", "never"))
_CUSTOM = Object({"name": need(_NAME), "description": _TEXT, "format": _OPEN}, open=True)
_NAMESPACED = Tagged({"function": _FUNCTION, "custom": _CUSTOM}, blame_tag=True, noun="a tool")
# Unpublished fields are accepted, except in functions, where they are refused (reported).
TOOLS = Array(
    Tagged(
        {
            "function": _FUNCTION,
            "custom": _CUSTOM,
            "mcp": _Mcp(
                {
                    "server_label": need(String(filled=True)),
                    "server_url": _TEXT,
                    "connector_id": _CONNECTORS,
                    "tunnel_id": String(pattern="tunnel_[a-z0-9]{32}"),
                    "authorization": _TEXT,
                    "headers": _OPEN,
                    "require_approval": _APPROVAL,
                    "allowed_tools": either(Array(_TEXT), _OPEN),
                },
                open=True,
                exactly_one=("server_url", "connector_id", "tunnel_id"),
            ),
            "file_search": Object(
                {
                    "vector_store_ids": need(Array(_TEXT, minimum=1)),
                    "max_num_results": Integer(1, 50),
                    "filters": _OPEN,
                    "ranking_options": _OPEN,
                },
                open=True,
            ),
            "code_interpreter": Object({"container": need(either(_OPEN, _TEXT))}, open=True),
            "computer_use_preview": Object(
                {
                    "display_height": need(Integer()),
                    "display_width": need(Integer()),
                    "environment": need(words("windows", "mac", "linux", "ubuntu", "browser")),
                },
                open=True,
            ),
            "image_generation": _IMAGE,
            "namespace": Object({"name": need(_NAME), "tools": need(Array(_NAMESPACED))}, open=True),
            **dict.fromkeys(
                (
                    "web_search",
                    "web_search_2025_08_26",
                    "web_search_preview",
                    "web_search_preview_2025_03_11",
                ),
                _WEB_SEARCH,
            ),
        },
        listed=frozenset(
            {
                "apply_patch",
                "computer",
                "computer_use",
                "local_shell",
                "programmatic_tool_calling",
                "shell",
                "tool_search",
            }
        ),
        blame_tag=True,
        noun="a tool",
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
                        "strict": _YES_NO,
                    }
                ),
                "grammar": Object(open=True),
                "python": Object({"type": _TEXT}),
            },
            blame_tag=True,
            shown=("json_object", "text", "json_schema"),
        ),
        "verbosity": words("low", "medium", "high"),
    }
)


def family(kind: str) -> str:
    """Return the tool without its date or `preview`; a tool choice may name either (observed)."""
    return "web_search" if kind.startswith("web_search") else kind
