"""Conversations: items that outlive the responses they came from.

Neither a conversation nor its items expire (documented). Items of a response appear together once it has
completed (reported), so `append` takes them all at once. Every change is atomic, because several processes
may change one conversation at the same time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mock_openai.memory.budget import EACH, MemoryBudget
from mock_openai.protocol import json
from mock_openai.protocol.errors import conversation_too_large

_OVERHEAD = 1024
"""Bytes counted for each conversation besides its items."""


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
    """Conversations in this process's memory, bounded in bytes; the least recently used goes first."""

    def __init__(self, limit: int = EACH, *, budget: MemoryBudget | None = None) -> None:
        self.limit = limit
        self.size = 0
        """Bytes held now."""
        self._budget = budget or MemoryBudget()
        self._budget.add(self)
        self._kept: OrderedDict[str, Conversation] = OrderedDict()
        self._sizes: dict[str, int] = {}

    async def put(self, conversation: Conversation) -> None:
        """Store a new conversation. Raises ApiError if it is larger than the limit."""
        name = conversation.id
        size = _OVERHEAD + _size_of([conversation.metadata, *conversation.items])
        self._check(name, size)
        self._kept[name] = conversation
        self._take(name, size)

    async def describe(self, conversation_id: str, metadata: dict[str, str]) -> bool:
        """Replace a conversation's metadata; False if there is no such conversation."""
        found = self._find(conversation_id)
        if found is not None:
            found.metadata = metadata
        return found is not None

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation and count that as a use; None if there is none with this id."""
        return self._find(conversation_id)

    async def append(self, conversation_id: str, items: Sequence[dict[str, Any]]) -> bool:
        """Add items at the end, all at once; False if there is no such conversation. Raises ApiError if it
        would be larger than the limit.
        """
        found = self._find(conversation_id)
        if found is None:
            return False
        size = _size_of(items)
        self._check(conversation_id, size)
        found.items.extend(items)
        self._take(conversation_id, size)
        return True

    async def remove(self, conversation_id: str, item_id: str) -> bool:
        """Remove an item; False if the conversation does not have it."""
        found = self._find(conversation_id)
        if found is None:
            return False
        gone = [item for item in found.items if item["id"] == item_id]
        found.items[:] = [item for item in found.items if item["id"] != item_id]
        self._count(conversation_id, -_size_of(gone))
        return bool(gone)

    async def delete(self, conversation_id: str) -> bool:
        """Delete a conversation; False if there was none."""
        return self._forget(conversation_id)

    async def clear(self) -> None:
        """Delete all conversations."""
        self._kept.clear()
        self._sizes.clear()
        self.size = 0

    def shrink(self, wanted: int) -> None:
        """Forget the least recently used ones until at most `wanted` bytes are in use; keep the latest."""
        while self.size > wanted and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))

    def _find(self, name: str) -> Conversation | None:
        found = self._kept.get(name)
        if found is not None:
            self._kept.move_to_end(name)
        return found

    def _check(self, name: str, more: int) -> None:
        if self._sizes.get(name, 0) + more > self.limit:
            raise conversation_too_large(name, self.limit)

    def _take(self, name: str, size: int) -> None:
        self._count(name, size)
        self.shrink(self.limit)
        self._budget.used += size
        if self._budget.used > self._budget.limit:
            self._budget.enforce()

    def _count(self, name: str, size: int) -> None:
        self._sizes[name] = self._sizes.get(name, 0) + size
        self.size += size

    def _forget(self, name: str) -> bool:
        self.size -= self._sizes.pop(name, 0)
        return self._kept.pop(name, None) is not None


def _size_of(items: Sequence[Any]) -> int:
    return sum(len(json.compact(item)) for item in items)
