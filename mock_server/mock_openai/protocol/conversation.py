"""Whether a conversation holds together: every output answers a call, every call has its output, no
reasoning stands alone, nothing is there twice.

The engine calls this once memory has said what came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.request import Request

# Outputs, and the calls that they may answer. A search for tools that the client makes may be answered as a
# function is (observed).
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "function_call_output": ("function_call", "tool_search_call"),
    "custom_tool_call_output": ("custom_tool_call",),
    "computer_call_output": ("computer_call",),
    "shell_call_output": ("shell_call",),
    "local_shell_call_output": ("local_shell_call",),
    "apply_patch_call_output": ("apply_patch_call",),
    "tool_search_output": ("tool_search_call",),
}
_ANSWERED = frozenset(call for calls in _ANSWERS.values() for call in calls)
_SPEAKERS = ("user", "developer", "system")


def check_conversation(history: Iterable[Mapping[str, Any]], request: Request) -> None:
    """Raise ApiError for the first orphan among history and input.

    Requests with `generate: false` may leave calls unanswered: nothing is generated from them yet (inferred).
    """
    items = [*history, *request.input]
    _check_identities(items, request)
    calls: dict[str, str] = {}
    answered: set[str] = set()
    asked: list[str] = []
    shells: dict[str, str] = {}
    for item in items:
        kind = str(item.get("type"))
        call_id = item.get("call_id")
        if kind == "local_shell_call_output" and call_id is None:
            call_id = shells.get(item.get("id", ""), item.get("id"))  # it may name the item (documented)
        if kind in _ANSWERED and call_id is not None:
            calls[call_id] = kind
            if kind == "local_shell_call" and "id" in item:
                shells[item["id"]] = call_id
            if item.get("execution") == "server":  # a search that needs no answer
                answered.add(call_id)
        elif kind in _ANSWERS and call_id is not None:
            if calls.get(call_id) not in _ANSWERS[kind] and not _kept_elsewhere(request):
                raise errors.no_tool_call(call_id, kind)
            answered.add(call_id)
        elif kind == "mcp_approval_request" and "id" in item:
            asked.append(item["id"])
        elif kind == "mcp_approval_response":
            if item["approval_request_id"] not in asked and not _kept_elsewhere(request):
                raise errors.approvals_unasked([item["approval_request_id"]])
            answered.add(item["approval_request_id"])
    if not request.generate:
        return
    for call_id, kind in calls.items():
        if call_id not in answered:
            raise errors.no_tool_output(call_id, kind)
    if waiting := [name for name in asked if name not in answered]:
        raise errors.approvals_missing(waiting)
    if request.store:
        _check_reasoning(request)


def is_reference(item: Mapping[str, Any]) -> bool:
    """Tell whether an input item only names another."""
    return item.get("type") == "item_reference" or set(item) == {"id"}


def _check_identities(items: Iterable[Mapping[str, Any]], request: Request) -> None:
    """An item is told, or referred to, once: those of the history are not sent again (reported)."""
    if not any("id" in item for item in request.input):
        return
    known: set[object] = set()
    for item in items:
        identity = item.get("id")
        if not isinstance(identity, str) or (item.get("type") == "reasoning" and not request.store):
            continue
        if identity in known:
            raise errors.duplicate_item(identity)
        known.add(identity)


def _kept_elsewhere(request: Request) -> bool:
    # A referenced item may be the call; only its id is known here.
    return any(map(is_reference, request.input))


def _check_reasoning(request: Request) -> None:
    """A reasoning item must be followed by what came of it, which the server knows by its id (observed). A
    client that stores nothing may send what it likes (reported).
    """
    waiting: str | None = None
    for item in request.input:
        kind = str(item.get("type") or "message")
        retold = item.get("role") == "assistant" and "id" not in item
        if waiting is not None and (retold or item.get("role") in _SPEAKERS or kind.endswith("_output")):
            raise errors.reasoning_without_follower(waiting)
        waiting = item.get("id") if kind == "reasoning" else None
    if waiting is not None:
        raise errors.reasoning_without_follower(waiting)
