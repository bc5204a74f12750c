"""A plausible call of a tool other than a function: the improviser's answer if such a tool is forced.

A tool that the API runs itself has already run when its item appears, and an answer follows. For a tool that
the client runs, the call is the answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mock_openai.protocol.reply import Item
from mock_openai.protocol.response_fields import container_of

Tool = Mapping[str, Any]

_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""One grey pixel."""


def calls_of(
    tool: Tool, said: str, include: frozenset[str], rng: random.Random
) -> tuple[tuple[Item, ...], bool]:
    """Return the items that call a tool, and whether the client has to go on; no items for a tool that has no
    call items. `said` is the user's text, `include` the request's `include`.
    """
    make = _MAKERS.get(tool["type"].partition("_preview")[0])
    if make is None:
        return (), False
    items = make(tool, said or "something", include, rng)
    return tuple(Item(item) for item in items), items[-1]["type"] in _THE_CLIENTS


_Items = list[dict[str, Any]]


def _web_search(_: Tool, said: str, include: frozenset[str], __: random.Random) -> _Items:
    action: dict[str, Any] = {"type": "search", "queries": [said], "query": said}
    if "web_search_call.action.sources" in include:
        action["sources"] = [{"type": "url", "url": "https://example.com/"}]
    return [{"type": "web_search_call", "status": "completed", "action": action}]


def _file_search(_: Tool, said: str, include: frozenset[str], __: random.Random) -> _Items:
    results: list[Any] | None = [] if "file_search_call.results" in include else None
    return [{"type": "file_search_call", "status": "completed", "queries": [said], "results": results}]


def _code_interpreter(tool: Tool, _: str, include: frozenset[str], rng: random.Random) -> _Items:
    container = tool["container"]
    shown = "code_interpreter_call.outputs" in include
    return [
        {
            "type": "code_interpreter_call",
            "status": "completed",
            "code": "print(6 * 7)",
            "container_id": container if isinstance(container, str) else f"cntr_{rng.getrandbits(192):048x}",
            "outputs": [{"type": "logs", "logs": "42\n"}] if shown else None,
        }
    ]


def _image_generation(tool: Tool, said: str, _: frozenset[str], __: random.Random) -> _Items:
    def chosen(name: str, otherwise: str) -> str:
        value = tool.get(name) or "auto"
        return otherwise if value == "auto" else value

    return [
        {
            "type": "image_generation_call",
            "status": "completed",
            "action": "generate",
            "background": chosen("background", "opaque"),
            "output_format": tool.get("output_format") or "png",
            "quality": chosen("quality", "medium"),
            "result": _PICTURE,
            "revised_prompt": said,
            "size": chosen("size", "1024x1024"),
        }
    ]


def _mcp(tool: Tool, _: str, __: frozenset[str], ___: random.Random) -> _Items:
    call: dict[str, Any] = {
        "arguments": "{}",
        "name": _tools_of(tool)[0],
        "server_label": tool["server_label"],
    }
    return [
        _called(call) if tool.get("require_approval") == "never" else {"type": "mcp_approval_request", **call}
    ]


def _called(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "mcp_call",
        "status": "completed",
        "approval_request_id": asked.get("id"),
        "arguments": asked["arguments"],
        "error": None,
        "name": asked["name"],
        "output": "Done.",
        "server_label": asked["server_label"],
    }


def _tools_of(tool: Tool) -> list[str]:
    allowed = tool.get("allowed_tools")
    names: list[str] = list((allowed.get("tool_names") if isinstance(allowed, Mapping) else allowed) or ())
    return names or ["search"]


def listings_of(tools: Iterable[Tool], earlier: Iterable[Mapping[str, Any]]) -> Iterator[Item]:
    """Return the tool lists of the MCP servers that have none in `earlier`, the items so far: each is sent
    first, once in a conversation (observed).
    """
    known = {item.get("server_label") for item in earlier if item.get("type") == "mcp_list_tools"}
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    for tool in tools:
        if tool["type"] == "mcp" and not tool.get("defer_loading") and tool["server_label"] not in known:
            listed = [
                {"annotations": None, "description": None, "input_schema": schema, "name": name}
                for name in _tools_of(tool)
            ]
            yield Item({"type": "mcp_list_tools", "server_label": tool["server_label"], "tools": listed})


def approved_of(input: Iterable[Mapping[str, Any]], earlier: Iterable[Mapping[str, Any]]) -> Iterator[Item]:
    """Return the calls that the input of a turn approves, among those that `earlier` asks for (observed)."""
    asked = {item.get("id"): item for item in earlier if item.get("type") == "mcp_approval_request"}
    for item in input:
        if item.get("type") == "mcp_approval_response" and item["approve"]:
            wanted = asked.get(item["approval_request_id"])
            if wanted is not None:
                yield Item(_called(wanted))


def _computer(tool: Tool, _: str, __: frozenset[str], ___: random.Random) -> _Items:
    action = {"type": "screenshot"}
    # The tool without a display size puts several actions into one call.
    done = {"action": action} if tool["type"] == "computer_use_preview" else {"actions": [action]}
    return [{"type": "computer_call", "status": "completed", **done, "pending_safety_checks": []}]


def _local_shell(_: Tool, __: str, ___: frozenset[str], ____: random.Random) -> _Items:
    return [
        {
            "type": "local_shell_call",
            "status": "completed",
            "action": {"type": "exec", "command": ["ls"], "env": {}},
        }
    ]


def _shell(tool: Tool, _: str, __: frozenset[str], rng: random.Random) -> _Items:
    action = {"commands": ["ls"], "max_output_length": None, "timeout_ms": None}
    call: dict[str, Any] = {"type": "shell_call", "status": "completed", "action": action}
    place = tool.get("environment") or {}
    if place.get("type") not in ("container_auto", "container_reference"):
        return [call]
    # In a container of its own the server runs the command itself (observed).
    place = container_of(tool) if place["type"] == "container_auto" else place
    call |= {"call_id": f"call_{rng.getrandbits(96):024x}", "environment": dict(place)}
    said = [{"outcome": {"type": "exit", "exit_code": 0}, "stderr": "", "stdout": "notes.txt\n"}]
    answer = {"type": "shell_call_output", "status": "completed", "call_id": call["call_id"]}
    return [call, {**answer, "max_output_length": None, "output": said}]


def _apply_patch(_: Tool, said: str, __: frozenset[str], ___: random.Random) -> _Items:
    operation = {"type": "create_file", "diff": f"+{said}\n", "path": "notes.txt"}
    return [{"type": "apply_patch_call", "status": "completed", "operation": operation}]


_MAKERS: Mapping[str, Callable[[Tool, str, frozenset[str], random.Random], _Items]] = {
    "apply_patch": _apply_patch,
    "code_interpreter": _code_interpreter,
    "computer": _computer,
    "computer_use": _computer,
    "file_search": _file_search,
    "image_generation": _image_generation,
    "local_shell": _local_shell,
    "mcp": _mcp,
    "shell": _shell,
    "web_search": _web_search,
}
_THE_CLIENTS = frozenset(
    {"apply_patch_call", "computer_call", "local_shell_call", "mcp_approval_request", "shell_call"}
)
