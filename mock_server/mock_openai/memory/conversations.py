"""Conversations: items that outlive the responses they came from.

Neither a conversation nor its items expire (documented). Items of a response appear together once it has
completed (reported), so `append` takes them all at once. Every change is atomic, because several processes
may change one conversation at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class Conversation:
    """One conversation: its id, its creation time (unix seconds), its metadata and its items,
    oldest first.
    """

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
    """Interface of a store of conversations."""

    async def put(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        ...

    async def describe(self, conversation_id: str, metadata: dict[str, str]) -> bool:
        """Replace a conversation's metadata; False if there is no such conversation."""
        ...

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation; None if there is none with this id."""
        ...

    async def append(self, conversation_id: str, items: Sequence[dict[str, Any]]) -> bool:
        """Add items at the end, all at once; False if there is no such conversation."""
        ...

    async def remove(self, conversation_id: str, item_id: str) -> bool:
        """Remove an item; False if the conversation does not have it."""
        ...

    async def delete(self, conversation_id: str) -> bool:
        """Delete a conversation; False if there was none."""
        ...

    async def clear(self) -> None:
        """Delete all conversations."""
        ...


class MemoryConversations:
    """Conversations in this process's memory."""

    def __init__(self) -> None:
        self._kept: dict[str, Conversation] = {}

    async def put(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        self._kept[conversation.id] = conversation

    async def describe(self, conversation_id: str, metadata: dict[str, str]) -> bool:
        """Replace a conversation's metadata; False if there is no such conversation."""
        found = self._kept.get(conversation_id)
        if found is not None:
            found.metadata = metadata
        return found is not None

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation; None if there is none with this id."""
        return self._kept.get(conversation_id)

    async def append(self, conversation_id: str, items: Sequence[dict[str, Any]]) -> bool:
        """Add items at the end, all at once; False if there is no such conversation."""
        found = self._kept.get(conversation_id)
        if found is not None:
            found.items.extend(items)
        return found is not None

    async def remove(self, conversation_id: str, item_id: str) -> bool:
        """Remove an item; False if the conversation does not have it."""
        found = self._kept.get(conversation_id)
        if found is None:
            return False
        kept = [item for item in found.items if item["id"] != item_id]
        gone = len(kept) < len(found.items)
        found.items[:] = kept
        return gone

    async def delete(self, conversation_id: str) -> bool:
        """Delete a conversation; False if there was none."""
        return self._kept.pop(conversation_id, None) is not None

    async def clear(self) -> None:
        """Delete all conversations."""
        self._kept.clear()
