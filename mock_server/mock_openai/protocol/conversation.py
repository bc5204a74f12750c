"""Checks that a conversation is consistent: every output answers a call, every call has its output, reasoning
is followed by an item, and no item appears twice.

It is called once the history is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.calls import Calls
from mock_openai.protocol.history import History
from mock_openai.protocol.request import Request

_SPEAKERS = ("user", "developer", "system")


def check_conversation(history: Sequence[dict[str, Any]], request: Request) -> None:
    """Raise ApiError for the first orphan among history and input.

    Requests with `generate: false` may leave calls unanswered: nothing is generated from them yet (inferred).
    """
    if isinstance(history, History):
        if request.only_messages and not history.has_calls:
            return
        before: Calls | None = history.calls()
    else:
        before = History(history).calls() if history else None
    if not request.only_messages:
        _check_identities(history, request)
        calls = Calls(before)
        calls.take(request.input)
    elif before is not None:
        calls = before
    else:
        return
    if calls.orphan is not None and not _kept_elsewhere(request):
        raise calls.orphan
    if not request.generate:
        return
    if not calls.nothing_waits():
        for call_id, kind in calls.unanswered:
            raise errors.no_tool_output(call_id, kind)
        if waiting := list(calls.unapproved):
            raise errors.approvals_missing(waiting)
    if request.store and not request.only_messages:
        _check_reasoning(request)


def is_reference(item: Mapping[str, Any]) -> bool:
    """Return whether an input item only names another."""
    return item.get("type") == "item_reference" or set(item) == {"id"}


def _check_identities(history: Sequence[Mapping[str, Any]], request: Request) -> None:
    """Refuse items that are sent or referred to twice, or that the history holds already (reported)."""
    if not any("id" in item for item in request.input):
        return
    known: set[object] = set()
    for item in chain(history, request.input):
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
    """Raise ApiError if a reasoning item is not followed by the item that it led to, which the server knows
    by its id (observed). With `store: false`, reasoning items are not checked (reported).
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
