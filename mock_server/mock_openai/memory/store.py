"""The store of responses: `store: true` keeps a response for later turns and for GET and DELETE.

The interface is asynchronous so that several processes can share a store; the one here lives in memory and is
bounded in bytes, because one response can be a thousand times larger than another.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from mock_openai.clock import Clock
from mock_openai.memory.budget import EACH, MemoryBudget
from mock_openai.protocol.events import Event
from mock_openai.protocol.history import History
from mock_openai.protocol.template import Rendered

RETENTION = 30 * 86400.0
"""Seconds for which a stored response is kept (documented: 30 days at least); conversations do not expire."""

_OVERHEAD = 2048
"""Bytes counted for each response besides its text: objects and keys."""


class Remembered:
    """One finished response and the conversation up to it. The response object is decoded on demand: most
    turns of a load test are never continued.
    """

    __slots__ = (
        "_context",
        "_response",
        "before",
        "events",
        "frame_tokens",
        "id",
        "input",
        "parent",
        "since",
        "size",
    )

    def __init__(
        self,
        id: str,
        *,
        before: Sequence[dict[str, Any]],
        input: tuple[dict[str, Any], ...],
        events: Sequence[Event],
        parent: str | None = None,
        response: Mapping[str, Any] | None = None,
        input_size: int = 0,
        frame_tokens: int = 0,
    ) -> None:
        self.id = id
        """The response's id."""
        self.before = before
        """Items of the earlier turns, oldest first."""
        self.input = input
        """Items of this turn's input."""
        self.events = events
        """The events as they left, the terminal one last; GET with `stream` sends them again."""
        self.parent = parent
        """The id of the response that this one continues."""
        written = events.size if isinstance(events, Rendered) else sum(len(event.data) for event in events)
        self.size = written + input_size + _OVERHEAD
        """Bytes counted against the store's limit."""
        self.frame_tokens = frame_tokens
        """Tokens of the turn's instructions and tools, which a continuation does not inherit."""
        self.since = 0.0
        """When a MemoryStore stored the response, in unix seconds."""
        self._response = response
        self._context: tuple[History, int] | None = None

    @property
    def response(self) -> Mapping[str, Any]:
        """The response object of the terminal event."""
        if self._response is None:
            self._response = msgspec.json.decode(self.events[-1].data)["response"]
        return self._response

    @property
    def items(self) -> History:
        """The whole conversation up to and including this response, oldest first."""
        return self.context()[0]

    def context(self) -> tuple[History, int]:
        """Return the whole conversation up to and including this response, and its number of tokens without
        this turn's instructions and tools. A continuation counts the conversation as input again
        (documented). Of a compacted response only this turn's output counts (inferred).
        """
        if self._context is None:
            events, before = self.events, self.before
            if not isinstance(before, History):
                before = History(before)
            tokens = events.spoken_tokens() if isinstance(events, Rendered) else None
            if tokens is not None and isinstance(events, Rendered):
                self._context = before.extended(self.input, events), max(0, tokens - self.frame_tokens)
            else:
                self._context = self._decoded(before)
            self._context[0].size = before.size + self.size
        return self._context

    def _decoded(self, before: History) -> tuple[History, int]:
        events = self.events
        response = events.outcome() if isinstance(events, Rendered) else self.response
        output, usage = response.get("output", ()), response.get("usage") or {}
        items = before.extended((*self.input, *output))
        if any(item.get("type") == "compaction" for item in output):
            return items, int(usage.get("output_tokens") or 0)
        return items, max(0, int(usage.get("total_tokens") or 0) - self.frame_tokens)

    @property
    def status(self) -> str:
        """The status of the finished response, e.g. "completed"."""
        if isinstance(self.events, Rendered):
            return self.events.status  # known without decoding anything
        return str(self.response.get("status"))


class ResponseStore(Protocol):
    """Interface of a store of responses."""

    async def put(self, remembered: Remembered) -> None:
        """Store a response."""
        ...

    async def get(self, response_id: str) -> Remembered | None:
        """Return a response; None if it was never stored, deleted or has expired."""
        ...

    async def delete(self, response_id: str) -> bool:
        """Delete a response; False if there was none."""
        ...

    async def find_item(self, item_id: str) -> dict[str, Any] | None:
        """Return an input or output item of a stored response by its id."""
        ...

    async def clear(self) -> None:
        """Delete all responses."""
        ...


class MemoryStore:
    """A store in this process's memory, bounded in bytes; the least recently used response goes first.

    `limit` is in bytes; `retention` is how many seconds of `clock` a response is kept; several stores may
    share a `budget`. The budget counts a response until nothing is kept that continues it, because its items
    are held until then; the limit does not, or one long conversation would drop all others.
    """

    def __init__(
        self,
        limit: int = EACH,
        *,
        retention: float = RETENTION,
        clock: Clock | None = None,
        budget: MemoryBudget | None = None,
    ) -> None:
        self.limit = limit
        self.size = 0
        """Bytes held now."""
        self._budget = budget or MemoryBudget()
        self._budget.add(self)
        self._heirs: dict[str, str] = {}
        """The latest response that continues another, by the other's id."""
        self._inherited: dict[str, int] = {}
        """Bytes of dropped responses that a kept one continues, by its id."""
        self._dropped = 0
        """The sum of these."""
        self._retention = retention
        self._clock = clock or Clock()
        self._kept: OrderedDict[str, Remembered] = OrderedDict()
        self._by_root: dict[str, set[str]] | None = None
        """Responses by the digits that their items' ids begin with; built when an item is first asked for."""

    def __len__(self) -> int:
        return len(self._kept)

    async def put(self, remembered: Remembered) -> None:
        """Store a response, and drop the least recently used ones while the limit is exceeded."""
        self.keep(remembered)

    def keep(self, remembered: Remembered) -> None:
        """Same as `put`, without awaiting."""
        if remembered.id in self._kept:
            self._forget(remembered.id)
        self._kept[remembered.id] = remembered
        remembered.since = self._clock.wall()
        if self._by_root is not None:
            self._by_root.setdefault(root_of(remembered.id), set()).add(remembered.id)
        if remembered.parent is not None:
            self._heirs[remembered.parent] = remembered.id
        self.size += remembered.size
        while self.size - self._dropped > self.limit and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))
        budget = self._budget
        budget.used += remembered.size
        if budget.used > budget.limit:
            budget.enforce()

    def shrink(self, wanted: int) -> None:
        """Forget the least recently used responses until `wanted` bytes at most are in use; keep the last."""
        while self.size > wanted and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))

    async def get(self, response_id: str) -> Remembered | None:
        """Return a response and count that as a use."""
        return self.find(response_id)

    def find(self, response_id: str) -> Remembered | None:
        """Same as `get`, without awaiting."""
        found = self._kept.get(response_id)
        if found is None or self._forget_old(response_id):
            return None
        self._kept.move_to_end(response_id)
        return found

    async def delete(self, response_id: str) -> bool:
        """Delete a response; False if there was none."""
        return not self._forget_old(response_id) and self._forget(response_id)

    async def find_item(self, item_id: str) -> dict[str, Any] | None:
        """Return an input or output item of a stored response by its id."""
        if self._by_root is None:
            self._by_root = {}
            for response_id in self._kept:
                self._by_root.setdefault(root_of(response_id), set()).add(response_id)
        for response_id in tuple(self._by_root.get(root_of(item_id), ())):
            if self._forget_old(response_id):
                continue
            for item in self._kept[response_id].items:
                if item.get("id") == item_id:
                    return item
        return None

    async def clear(self) -> None:
        """Delete all responses."""
        self._kept.clear()
        self._heirs.clear()
        self._inherited.clear()
        self._dropped = 0
        self._by_root = None
        self.size = 0

    def _forget_old(self, response_id: str) -> bool:
        kept = self._kept.get(response_id)
        if kept is None or self._clock.wall() < kept.since + self._retention:
            return False
        return self._forget(response_id)

    def _forget(self, response_id: str) -> bool:
        gone = self._kept.pop(response_id, None)
        if gone is None:
            return False
        heir = self._heirs.pop(response_id, "")
        inherited = self._inherited.pop(response_id, 0)
        if heir in self._kept:
            self._inherited[heir] = self._inherited.get(heir, 0) + inherited + gone.size
            self._dropped += gone.size
        else:
            self.size -= inherited + gone.size
            self._dropped -= inherited
        if gone.parent is not None and self._heirs.get(gone.parent) == response_id:
            del self._heirs[gone.parent]
        if self._by_root is not None:
            family = self._by_root[root_of(response_id)]
            family.discard(response_id)
            if not family:
                del self._by_root[root_of(response_id)]
        return True


def root_of(identifier: str) -> str:
    """Return the sixteen digits that a response shares with its items (observed)."""
    return identifier.partition("_")[2][:16]
