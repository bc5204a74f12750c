"""The tool calls of one response while the model writes them.

A call may run only when it is finished and its arguments are one JSON object. Servers identify a call on the
way by its place in the output, an item id, a call id, or not at all; all forms are accepted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .steps import Call
from .text import without_halves

__all__ = ["Calls"]


@dataclass(slots=True)
class _Writing:
    name: str
    call_id: str
    arguments: list[str] = field(default_factory=list)
    """The pieces that have come."""
    finished: bool = False
    closed: bool = False
    """Whether its item has come: what follows without any id belongs to another call."""


class Calls:
    """All calls of one response, in the order in which they were begun."""

    def __init__(self) -> None:
        self._calls: list[_Writing] = []
        self._by_key: dict[object, _Writing] = {}
        """The latest call of each place or item id."""
        self._by_call_id: dict[str, _Writing] = {}

    def begin(self, event: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        """Add a call that was announced or came finished; return whether it is new."""
        known, key = self._find(event, item), _key(event, item)
        if known is not None and not _is_another(known, key, event, item):
            return False
        writing = _Writing(_text(item.get("name")), _text(item.get("call_id")))
        self._calls.append(writing)
        self._by_key[key] = writing
        self._index(writing)
        return True

    def add(self, event: Mapping[str, Any]) -> None:
        """Add a piece of a call's arguments."""
        writing = self._find(event, {})
        if writing is not None and not writing.finished and isinstance(delta := event.get("delta"), str):
            writing.arguments.append(delta)

    def finish_arguments(self, event: Mapping[str, Any]) -> None:
        """Set the complete arguments of a call."""
        writing = self._find(event, {})
        if writing is not None and isinstance(arguments := event.get("arguments"), str):
            writing.arguments, writing.finished = [arguments], True

    def finish(self, event: Mapping[str, Any], item: Mapping[str, Any]) -> None:
        """Set the final state of a call: complete, or cut off by a limit."""
        writing = self._find(event, item)
        if writing is None:
            return
        writing.finished, writing.closed = item.get("status") != "incomplete", True
        writing.name = _text(item.get("name")) or writing.name
        writing.call_id = _text(item.get("call_id")) or writing.call_id
        self._index(writing)
        if isinstance(arguments := item.get("arguments"), str):
            writing.arguments = [arguments]

    def is_finished(self, item: Mapping[str, Any], number: int) -> bool:
        """Whether a call of the finished response is complete: the one with its id, or if it has none the one
        with its number among the calls.
        """
        if call_id := _text(item.get("call_id")):
            known = self._by_call_id.get(call_id)
            return known is not None and known.finished
        return number < len(self._calls) and self._calls[number].finished

    def result(self) -> tuple[list[Call], list[str]]:
        """Return the calls to run, each id once, and the names of finished calls that cannot run."""
        calls: list[Call] = []
        seen: set[str] = set()
        unusable: list[str] = []
        for writing in self._calls:
            if not writing.finished:
                continue
            arguments = _parsed("".join(writing.arguments))
            if arguments is None or not writing.name:
                unusable.append(writing.name or "?")
            elif writing.call_id not in seen:
                calls.append(Call(writing.call_id, writing.name, arguments))
                seen |= {writing.call_id} if writing.call_id else set()
        return calls, unusable

    def _find(self, event: Mapping[str, Any], item: Mapping[str, Any]) -> _Writing | None:
        key = _key(event, item)
        if key is None:  # a piece without any id belongs to the latest call
            return self._calls[-1] if self._calls else None
        return self._by_key.get(key) or self._by_call_id.get(_text(item.get("call_id")))

    def _index(self, writing: _Writing) -> None:
        if writing.call_id:
            self._by_call_id.setdefault(writing.call_id, writing)


def _is_another(known: _Writing, key: object, event: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Whether an item at the place of a known call is another call: some servers give all calls one place."""
    if key is None:
        return known.closed
    call_id = _text(item.get("call_id"))
    if not (call_id and known.call_id) or call_id == known.call_id:
        return False
    # The finished response has no event: it names what is known, with new ids at some servers.
    return event.get("type") == "response.output_item.added" or (known.closed and "type" in event)


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
        return without_halves(arguments) if isinstance(arguments, dict) else None
    except (ValueError, RecursionError):  # nested more deeply than Python can follow
        return None
