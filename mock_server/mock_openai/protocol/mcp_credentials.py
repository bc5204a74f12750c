"""Hides the credentials of MCP servers in everything that is returned, stored or written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HIDDEN = "<redacted>"


def hide_credentials(tool: dict[str, Any]) -> None:
    """Replace the credentials of an MCP tool, in place."""
    if tool.get("authorization") is not None:
        tool["authorization"] = _HIDDEN
    if isinstance(tool.get("headers"), Mapping):
        tool["headers"] = dict.fromkeys(tool["headers"], _HIDDEN)
    if isinstance(tool.get("server_url"), str):
        tool["server_url"] = bare_address(tool["server_url"])


def without_credentials(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as it may be listed: if it carries tools, the credentials of their MCP servers are
    hidden, as in a response's own tools (inferred; no recording has such an item).
    """
    tools = item.get("tools")
    if not isinstance(tools, list):
        return item
    shown = [without_credentials(tool) if isinstance(tool, dict) else tool for tool in tools]
    for place, tool in enumerate(shown):
        if isinstance(tool, dict) and tool.get("type") == "mcp":
            shown[place] = dict(tool)
            hide_credentials(shown[place])
    return {**item, "tools": shown}


def bare_address(address: str) -> str:
    """Return an MCP server's address as it may be shown: with credentials or a query in it, only its host and
    `<redacted>` (the form is observed; when the real API uses it is not known).
    """
    if "?" not in address and "@" not in address:
        return address
    found = re.match(r"(https?://)(?:[^/?#]*@)?([^/?#@]*)", address, re.I)
    return f"{found[1]}{found[2]}/{_HIDDEN}" if found else _HIDDEN
