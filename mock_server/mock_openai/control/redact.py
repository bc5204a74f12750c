"""Striking out secrets before anything is written down.

Header names and query parameters that may carry a credential, bearer tokens in values, the key that browsers
hide in the WebSocket subprotocol, and the credentials that a request may hold for MCP servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mock_openai.protocol.echo import bare_address

STRUCK_OUT = "[redacted]"

_SECRET_NAME = re.compile(
    r"auth|cookie|key|token|secret|signature|session|passw|credential|organization|project|protocol", re.I
)
_HARMLESS = frozenset({"sec-websocket-key"})
_SECRET_VALUE = re.compile(r"(?:\b(?:sk|sess|ek)-[A-Za-z0-9_-]{4,})|(?:bearer\s+\S+)", re.I)


def headers(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give headers without secrets, names in lower case."""
    clean: dict[str, str] = {}
    for name, value in given:
        lower = name.lower()
        secret = lower not in _HARMLESS and _SECRET_NAME.search(lower)
        clean[lower] = STRUCK_OUT if secret else _SECRET_VALUE.sub(STRUCK_OUT, value)
    return clean


def path(path_qs: str) -> str:
    """Give a path and query without secrets."""
    if "?" not in path_qs:
        return path_qs
    parts = urlsplit(path_qs)
    query = [
        (name, STRUCK_OUT if _SECRET_NAME.search(name) or _SECRET_VALUE.search(value) else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return urlunsplit(parts._replace(query=urlencode(query, safe="[],")))


def body(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a request body without the credentials for MCP servers; the same object when it has none."""
    tools = given.get("tools")
    if not isinstance(tools, list) or not any(_is_mcp(tool) for tool in tools):
        return given
    return {**given, "tools": [_without_credentials(tool) if _is_mcp(tool) else tool for tool in tools]}


def _is_mcp(tool: object) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "mcp"


def _without_credentials(tool: dict[str, Any]) -> dict[str, Any]:
    clean = {name: STRUCK_OUT if name in ("authorization", "headers") else tool[name] for name in tool}
    if isinstance(address := clean.get("server_url"), str):
        clean["server_url"] = bare_address(address)
    return clean
