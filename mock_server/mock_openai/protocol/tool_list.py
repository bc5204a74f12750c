"""Which tools a response lists, and in which order.

Two rules, found in recordings: functions come first, hosted tools and MCP servers next, then custom tools,
tool searches and namespaces, each kind in the order in which it was sent; and tools that the input loads are
listed with those of the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Tool = Mapping[str, Any]

_LOADING = frozenset({"additional_tools", "tool_search_output"})
_ORDER = {"function": 0, "custom": 2, "tool_search": 3, "namespace": 4}
_HOSTED = 1


def loads_tools(items: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether input items bring tools of their own."""
    return any(item.get("type") in _LOADING for item in items)


def offered_tools(tools: Sequence[Tool], items: Iterable[Mapping[str, Any]]) -> list[Tool]:
    """Return the tools that a model may use and a `tool_choice` may name: a request's own and those that its
    input loads.
    """
    return [*tools, *(tool for item in items if item.get("type") in _LOADING for tool in item["tools"])]


def listed_tools(tools: Sequence[Tool], items: Iterable[Mapping[str, Any]], *, plain: bool) -> list[Tool]:
    """Return a request's tools with those that its input loads, in the order of the response object.

    A loaded function is shown as a namespace of its own name, in place of the deferred function, and with the
    request's definition rather than the input's. With `plain` (gpt-5.6 and later) it stays a function, unless
    a search by the server found it (observed).
    """
    deferred = {_name(tool): tool for tool in tools if tool.get("defer_loading") is True}
    listed = {_name(tool) for tool in tools} - deferred.keys()
    loaded: dict[object, Tool] = {}
    for item in items:
        if item.get("type") not in _LOADING:
            continue
        searched = item["type"] == "tool_search_output" and item.get("execution") == "server"
        for tool in item["tools"]:
            if (name := _name(tool)) not in listed:
                loaded[name] = _opened(deferred.get(name, tool), plain=plain and not searched)
    kept = [tool for tool in tools if _name(tool) not in loaded]
    return sorted([*kept, *loaded.values()], key=lambda tool: _ORDER.get(tool["type"], _HOSTED))


def _opened(tool: Tool, *, plain: bool) -> Tool:
    opened = {name: value for name, value in tool.items() if name != "defer_loading"}
    if plain or tool["type"] != "function":
        return opened
    about = {"name": tool["name"], "description": tool.get("description")}
    return {"type": "namespace", **about, "tools": [opened]}


def _name(tool: Tool) -> object:
    return tool["type"], tool.get("name") or tool.get("server_label")
