"""The calls in a conversation, and which of them have their outputs; grows item by item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mock_openai.protocol import errors

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
_APPROVALS = frozenset({"mcp_approval_request", "mcp_approval_response"})
ABOUT_CALLS = frozenset({*_ANSWERS, *_ANSWERED, *_APPROVALS})
"""Types of the items that are calls, outputs and approvals."""


class Calls:
    """The calls of some items, and of the items `before` them."""

    __slots__ = (
        "_answered",
        "_asked",
        "_before",
        "_calls",
        "_open",
        "_shells",
        "_waiting",
        "orphan",
        "parts",
    )

    def __init__(self, before: Calls | None = None) -> None:
        self.orphan: errors.ApiError | None = None if before is None else before.orphan
        """The error for the first output without its call."""
        self.parts = 0
        """The number of parts of a history that were added."""
        self._before = before
        self._calls: dict[str, str] = {}
        self._shells: dict[str, str] = {}
        self._asked: set[str] = set()
        self._answered: set[str] = set()
        self._open: dict[str, str] = {}
        self._waiting: dict[str, None] = {}

    def take(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Add further items."""
        for item in items:
            kind = item.get("type")
            if kind in ABOUT_CALLS:
                self._take(item, str(kind))

    def nothing_waits(self) -> bool:
        """Return whether it is certain, without looking at each call, that none waits for an output or an
        approval.
        """
        return not self._open and not self._waiting and (self._before is None or self._before.nothing_waits())

    @property
    def unanswered(self) -> Iterator[tuple[str, str]]:
        """The calls that wait for an output, oldest first: their ids and types."""
        if self._before is not None:
            for name, kind in self._before.unanswered:
                if name not in self._answered:
                    yield name, self._calls.get(name, kind)
        yield from self._open.items()

    @property
    def unapproved(self) -> Iterator[str]:
        """The requests for approval that were not answered."""
        if self._before is not None:
            yield from (name for name in self._before.unapproved if name not in self._answered)
        yield from self._waiting

    def _take(self, item: Mapping[str, Any], kind: str) -> None:
        call_id = item.get("call_id")
        if kind == "local_shell_call_output" and call_id is None:
            call_id = self._shell(item.get("id", "")) or item.get("id")  # it may name the item (documented)
        if kind in _ANSWERED and call_id is not None:
            self._calls[call_id] = kind
            if kind == "local_shell_call" and "id" in item:
                self._shells[item["id"]] = call_id
            if item.get("execution") == "server":  # a search that needs no answer
                self._answer(call_id)
            elif not self._is_answered(call_id):
                self._open[call_id] = kind
        elif kind in _ANSWERS and call_id is not None:
            if self._kind(call_id) not in _ANSWERS[kind]:
                self.orphan = self.orphan or errors.no_tool_call(call_id, kind)
            self._answer(call_id)
        elif kind == "mcp_approval_request" and "id" in item:
            self._asked.add(item["id"])
            if not self._is_answered(item["id"]):
                self._waiting[item["id"]] = None
        elif kind == "mcp_approval_response":
            wanted = item["approval_request_id"]
            if not self._is_asked(wanted):
                self.orphan = self.orphan or errors.approvals_unasked([wanted])
            self._answer(wanted)

    def _answer(self, name: str) -> None:
        self._answered.add(name)
        self._open.pop(name, None)
        self._waiting.pop(name, None)

    def _kind(self, call_id: str) -> str | None:
        known = self._calls.get(call_id)
        return known if known is not None or self._before is None else self._before._kind(call_id)

    def _shell(self, item_id: str) -> str | None:
        known = self._shells.get(item_id)
        return known if known is not None or self._before is None else self._before._shell(item_id)

    def _is_answered(self, name: str) -> bool:
        return name in self._answered or (self._before is not None and self._before._is_answered(name))

    def _is_asked(self, name: str) -> bool:
        return name in self._asked or (self._before is not None and self._before._is_asked(name))
