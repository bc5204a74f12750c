"""Stored responses and conversations as bytes, and back. Pure functions: a value that cannot be decoded gives
None, never an error.

A response is kept in two values. Its head has the events and is gone when the response is deleted or has
expired. Its node has the items that it added to the conversation; the nodes of a chain are linked by the
store, so that a conversation of a thousand turns is not kept a thousand times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mock_openai.memory.conversations import Conversation
from mock_openai.memory.store import Remembered
from mock_openai.protocol.event_types import WITH_RESPONSE
from mock_openai.protocol.events import Event

Items = tuple[dict[str, Any], ...]


class _Head(msgspec.Struct, array_like=True):
    at: float
    inputs: int
    parent: str | None
    events: list[tuple[str, bytes, bytes | None]]
    frame_tokens: int = 0


class _Header(msgspec.Struct):
    created_at: int
    metadata: dict[str, str]


_heads = msgspec.msgpack.Decoder(_Head)
_headers = msgspec.json.Decoder(_Header)
_items = msgspec.json.Decoder(tuple[dict[str, Any], ...])
_item = msgspec.json.Decoder(dict[str, Any])


def pack_head(kept: Remembered, at: float) -> bytes:
    """Encode a response's events, and when it was stored (unix seconds)."""
    events = [(event.type, event.data, event.wire) for event in kept.events]
    return msgspec.msgpack.encode(_Head(at, len(kept.input), kept.parent, events, kept.frame_tokens))


def pack_items(items: Sequence[dict[str, Any]]) -> bytes:
    """Encode items."""
    return msgspec.json.encode(items)


def pack_header(conversation: Conversation) -> bytes:
    """Encode a conversation without its items."""
    return msgspec.json.encode(_Header(conversation.created_at, conversation.metadata))


def unpack_response(
    response_id: str, head: object, nodes: Sequence[object], *, since: float
) -> Remembered | None:
    """Decode a response that was stored after `since` (unix seconds) from its head and the items of its
    chain, its own first.
    """
    try:
        read = _heads.decode(_bytes(head))
        own, *earlier = [_items.decode(_bytes(node)) for node in nodes]
        events = tuple(Event(*event) for event in read.events)
        # While the response is being generated, its last event does not carry the response object.
        latest = next(event for event in reversed(events) if event.type in WITH_RESPONSE)
        response = msgspec.json.decode(latest.data)["response"]
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, TypeError, KeyError, StopIteration):
        return None
    if read.at <= since or not _is_response(response) or not 0 <= read.inputs <= len(own):
        return None
    return Remembered(
        response_id,
        before=tuple(item for node in reversed(earlier) for item in node),
        input=own[: read.inputs],
        events=events,
        parent=read.parent,
        response=response,
        frame_tokens=read.frame_tokens,
    )


def unpack_items(value: object) -> Items:
    """Decode items; an empty list if the value is not a list of items."""
    try:
        return _items.decode(_bytes(value))
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return ()


def unpack_conversation(conversation_id: str, header: object, items: Sequence[object]) -> Conversation | None:
    """Decode a conversation; items that cannot be decoded are left out."""
    try:
        read = _headers.decode(_bytes(header))
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None
    found = [item for item in map(unpack_item, items) if item is not None]
    return Conversation(conversation_id, read.created_at, read.metadata, found)


def unpack_item(value: object) -> dict[str, Any] | None:
    """Decode one item of a conversation, which has an id."""
    try:
        item = _item.decode(_bytes(value))
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None
    return item if isinstance(item.get("id"), str) else None


def _is_response(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("status"), str):
        return False
    usage, output = value.get("usage"), value.get("output", [])
    if not isinstance(output, list) or not all(isinstance(item, dict) for item in output):
        return False
    if usage is None:
        return True
    return isinstance(usage, dict) and isinstance(usage.get("total_tokens", 0), int)


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("not a value that was kept")
    return value
