"""Conversations: items that outlive the responses which they came from.

A conversation has no time to live, and neither have its items (documented). Items of a response appear
together once it has completed (reported), so `append` takes them all at once. Every change is one step, since
several processes may change one conversation at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class Conversation:
    """One conversation: its id, when it was made (unix seconds), its metadata and its items, oldest first."""

    id: str
    created_at: int
    metadata: dict[str, str] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return the conversation object as the API shows it (observed)."""
        return {
            "id": self.id,
            "object": "conversation",
            "created_at": self.created_at,
            "metadata": self.metadata,
        }


class ConversationStore(Protocol):
    """Where conversations live."""

    async def put(self, conversation: Conversation) -> None:
        """Keep a new conversation."""
        ...

    async def describe(self, conversation_id: str, metadata: dict[str, str]) -> bool:
        """Return a conversation other metadata; False when there is no such conversation."""
        ...

    async def get(self, conversation_id: str) -> Conversation | None:
        """Find a conversation."""
        ...

    async def append(self, conversation_id: str, items: Sequence[dict[str, Any]]) -> bool:
        """Add items at the end, all at once; False when there is no such conversation."""
        ...

    async def remove(self, conversation_id: str, item_id: str) -> bool:
        """Take an item out; False when it is not there."""
        ...

    async def delete(self, conversation_id: str) -> bool:
        """Forget a conversation; False when there was none."""
        ...

    async def clear(self) -> None:
        """Forget everything."""
        ...


class MemoryConversations:
    """Conversations in this process's memory."""

    def __init__(self) -> None:
        self._kept: dict[str, Conversation] = {}

    async def put(self, conversation: Conversation) -> None:
        """Keep a new conversation."""
        self._kept[conversation.id] = conversation

    async def describe(self, conversation_id: str, metadata: dict[str, str]) -> bool:
        """Return a conversation other metadata; False when there is no such conversation."""
        found = self._kept.get(conversation_id)
        if found is not None:
            found.metadata = metadata
        return found is not None

    async def get(self, conversation_id: str) -> Conversation | None:
        """Find a conversation."""
        return self._kept.get(conversation_id)

    async def append(self, conversation_id: str, items: Sequence[dict[str, Any]]) -> bool:
        """Add items at the end, all at once; False when there is no such conversation."""
        found = self._kept.get(conversation_id)
        if found is not None:
            found.items.extend(items)
        return found is not None

    async def remove(self, conversation_id: str, item_id: str) -> bool:
        """Take an item out; False when it is not there."""
        found = self._kept.get(conversation_id)
        if found is None:
            return False
        kept = [item for item in found.items if item["id"] != item_id]
        gone = len(kept) < len(found.items)
        found.items[:] = kept
        return gone

    async def delete(self, conversation_id: str) -> bool:
        """Forget a conversation; False when there was none."""
        return self._kept.pop(conversation_id, None) is not None

    async def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
