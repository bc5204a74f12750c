"""The meaning of a conversation's items, independent of their form.

The same assistant message is an output item with ids and annotations in one request and `{"role", "content"}`
in another. `meaning` reduces an item to what the model would understand of it, so that both are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mock_openai.protocol import json

_TEXT_PARTS = frozenset({"input_text", "output_text", "text", "summary_text"})
_BOOKKEEPING = frozenset({"id", "status", "annotations", "logprobs", "phase", "created_by"})


def meanings(items: Iterable[Any]) -> list[Any]:
    """Return the meaning of each item that has one; reasoning is left out, because not every client sends
    it.
    """
    return [meaning for item in items if (meaning := meaning_of(item)) is not None]


def meaning_of(item: Any) -> Any:
    """Return one item, reduced; None for an item without a meaning of its own."""
    if not isinstance(item, Mapping):
        return item
    kind = item.get("type", "message")
    if kind == "reasoning":
        return None
    if kind == "message":
        content = parts(item.get("content"))
        return {"role": item.get("role"), "content": content} if content else None
    if kind == "function_call":
        return {
            "call": item.get("name"),
            "arguments": json_value(item.get("arguments")),
            "call_id": item.get("call_id"),
        }
    if kind == "function_call_output":
        return {"output": parts(item.get("output")), "call_id": item.get("call_id")}
    return plain({key: value for key, value in item.items() if key not in _BOOKKEEPING})


def parts(content: Any) -> Any:
    """Return message content: a string if it is only text, otherwise a list of parts."""
    if isinstance(content, str):
        return json_value(content)
    if not isinstance(content, list):
        return plain(content)
    reduced = [_part(part) for part in content]
    if all(isinstance(part, str) for part in reduced):
        return json_value("".join(reduced))
    return reduced


def json_value(text: Any) -> Any:
    """Parse a text that is a JSON object or array, so that spacing and key order do not matter."""
    if not isinstance(text, str) or text[:1] not in ("{", "["):
        return text
    try:
        return plain(json.parse_shallow(text.encode()))
    except ValueError:
        return text


def plain(value: Any) -> Any:
    """Remove keys with null, which mean the same as absent ones to the API."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _part(part: Any) -> Any:
    if isinstance(part, Mapping):
        if part.get("type") in _TEXT_PARTS and isinstance(part.get("text"), str):
            return part["text"]
        if part.get("type") == "refusal":
            return part.get("refusal", "")
        if part.get("type") == "input_image" and part.get("detail") == "auto":
            part = {key: value for key, value in part.items() if key != "detail"}
        return plain({key: value for key, value in part.items() if key not in _BOOKKEEPING})
    return part


def items_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the input items of a request body; a string input is one user message."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [item for item in given if isinstance(item, Mapping)] if isinstance(given, Sequence) else []


def text_of(item: Mapping[str, Any]) -> str:
    """Return the text of a message item."""
    return content_text(item.get("content"))


def content_text(content: Any) -> str:
    """Return the text of a message's content, which is one text or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Sequence) else ()
    return "".join(str(part.get("text") or "") for part in parts if isinstance(part, Mapping))
