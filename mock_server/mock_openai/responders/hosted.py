"""A sensible call of a tool that is no function: what the improviser says when such a tool is forced.

Tools that the API runs itself have run when they are told, and an answer follows; of those that a client runs
the call is the answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from mock_openai.responders.answer import Item

Tool = Mapping[str, Any]

_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""One grey pixel."""


def calls_of(
    tool: Tool, said: str, include: frozenset[str], rng: random.Random
) -> tuple[tuple[Item, ...], bool]:
    """Give the items that call a tool, and whether the client has to go on; no items for a tool that is not
    called by items of its own.

    `said` is what the user asked for, `include` what the request wants to see of it.
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
    label, allowed = tool["server_label"], tool.get("allowed_tools")
    names = (allowed.get("tool_names") if isinstance(allowed, Mapping) else allowed) or ["search"]
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    listed = [{"annotations": None, "description": None, "input_schema": schema, "name": n} for n in names]
    call: dict[str, Any] = {"arguments": "{}", "name": names[0], "server_label": label}
    if tool.get("require_approval") == "never":
        call = {"type": "mcp_call", "status": "completed", "approval_request_id": None, **call}
        call = {**call, "error": None, "output": "Done."}
    else:
        call = {"type": "mcp_approval_request", **call}
    return [{"type": "mcp_list_tools", "server_label": label, "tools": listed}, call]


def _computer(tool: Tool, _: str, __: frozenset[str], ___: random.Random) -> _Items:
    action = {"type": "screenshot"}
    # The tool without a display to describe does several things at once.
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


def _shell(_: Tool, __: str, ___: frozenset[str], ____: random.Random) -> _Items:
    action = {"commands": ["ls"], "max_output_length": None, "timeout_ms": None}
    return [{"type": "shell_call", "status": "completed", "action": action}]


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
