"""The tool calls of one response while the model writes them.

A call may run only when it is finished and its arguments are one JSON object. Servers identify a call on the
way by its place in the output, an item id, a call id, or not at all; all forms are accepted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .steps import Call
from .text import without_halves

__all__ = ["Calls"]


@dataclass(slots=True)
class _Writing:
    name: str
    call_id: str
    arguments: str = ""
    finished: bool = False
    closed: bool = False
    """Whether its item has come: what follows without any id belongs to another call."""


class Calls:
    """All calls of one response, in the order in which they were begun."""

    def __init__(self) -> None:
        self._calls: dict[object, _Writing] = {}

    def begin(self, event: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        """Add a call that was announced or came finished; return whether it is new."""
        known, key = self._find(event, item), _key(event, item)
        if known is not None and not (known.closed and key is None):
            return False
        writing = _Writing(_text(item.get("name")), _text(item.get("call_id")))
        self._calls[f"call {len(self._calls)}" if key is None else key] = writing
        return True

    def add(self, event: Mapping[str, Any]) -> None:
        """Add a piece of a call's arguments."""
        writing = self._find(event, {})
        if writing is not None and not writing.finished and isinstance(delta := event.get("delta"), str):
            writing.arguments += delta

    def finish_arguments(self, event: Mapping[str, Any]) -> None:
        """Set the complete arguments of a call."""
        writing = self._find(event, {})
        if writing is not None and isinstance(arguments := event.get("arguments"), str):
            writing.arguments, writing.finished = arguments, True

    def finish(self, event: Mapping[str, Any], item: Mapping[str, Any]) -> None:
        """Set the final state of a call: complete, or cut off by a limit."""
        writing = self._find(event, item)
        if writing is None:
            return
        writing.finished, writing.closed = item.get("status") != "incomplete", True
        writing.name = _text(item.get("name")) or writing.name
        writing.call_id = _text(item.get("call_id")) or writing.call_id
        if isinstance(arguments := item.get("arguments"), str):
            writing.arguments = arguments

    def is_finished(self, item: Mapping[str, Any], number: int) -> bool:
        """Whether a call of the finished response is complete: the one with its id, or if it has none the one
        with its number among the calls.
        """
        if call_id := _text(item.get("call_id")):
            return any(writing.finished for writing in self._calls.values() if writing.call_id == call_id)
        return any(writing.finished for writing in list(self._calls.values())[number : number + 1])

    def result(self) -> tuple[list[Call], list[str]]:
        """Return the calls to run, each id once, and the names of finished calls that cannot run."""
        calls: list[Call] = []
        seen: set[str] = set()
        unusable: list[str] = []
        for writing in self._calls.values():
            if not writing.finished:
                continue
            arguments = _parsed(writing.arguments)
            if arguments is None or not writing.name:
                unusable.append(writing.name or "?")
            elif writing.call_id not in seen:
                calls.append(Call(writing.call_id, writing.name, arguments))
                seen |= {writing.call_id} if writing.call_id else set()
        return calls, unusable

    def _find(self, event: Mapping[str, Any], item: Mapping[str, Any]) -> _Writing | None:
        key = _key(event, item)
        if (writing := self._calls.get(key)) is not None:
            return writing
        if call_id := _text(item.get("call_id")):
            return next((known for known in self._calls.values() if known.call_id == call_id), None)
        # A piece without any id belongs to the latest call.
        return next(reversed(self._calls.values()), None) if key is None else None


def _key(event: Mapping[str, Any], item: Mapping[str, Any]) -> object:
    if (index := event.get("output_index")) is not None:
        return index
    return event.get("item_id") or _text(item.get("id")) or _text(item.get("call_id")) or None


def _text(value: object) -> str:
    """Return a name or an id; empty if there is none."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _parsed(text: str) -> dict[str, Any] | None:
    """Parse the arguments of a call; some servers send none for a function without parameters."""
    if not text.strip():
        return {}
    try:
        arguments = json.loads(text)
    except ValueError:
        return None
    return without_halves(arguments) if isinstance(arguments, dict) else None
