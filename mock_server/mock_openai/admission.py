"""Whether a create may go ahead, and what it continues from.

Three steps: `read` validates the request, `before` finds its parent or its conversation, `check` looks
whether all of it holds together. Refusals are ApiErrors. Some of it may have to be waited for (a shared
memory, a response still under way); `at_once` is for who cannot wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol

from mock_openai.bodies import LARGEST, MAX_SIZE
from mock_openai.memory import ConversationStore, Lanes, MemoryStore, Remembered, ResponseStore
from mock_openai.protocol import models
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.conversation import check_conversation, is_reference
from mock_openai.protocol.errors import (
    ApiError,
    context_length_exceeded,
    conversation_not_found,
    item_not_found,
    previous_response_not_found,
    response_in_progress,
)
from mock_openai.protocol.request import Request, parse_request
from mock_openai.protocol.tokens import count_input

Items = tuple[dict[str, Any], ...]
_Valid = tuple[Mapping[str, Any], str, Request]

_KEPT_REQUESTS = 128
_PARENTS = {
    "ended": ("completed", "incomplete"),
    "completed": ("completed",),
    "any": ("completed", "incomplete", "failed", "cancelled"),
}
_UNFINISHED = frozenset({"queued", "in_progress"})
_LOOK = 0.05
"""Seconds between two looks at a response that another server generates."""


class Running(Protocol):
    """A response that is still being generated."""

    async def ended(self) -> None:
        """Wait until it has ended and is stored."""
        ...


class Admission:
    """Admits the creates of one server."""

    def __init__(
        self, store: ResponseStore, conversations: ConversationStore, behaviour: Behaviour, *, any_model: bool
    ) -> None:
        self.any_model = any_model
        """Whether models that nobody has heard of are taken for existing ones."""
        self.running: Callable[[str], Running | None] = lambda _: None
        """Finds a response that is still being generated in the background."""
        self._store = store
        self._conversations = conversations
        self._behaviour = behaviour
        self._valid: dict[int, _Valid] = {}
        self._large: _Valid | None = None

    def read(
        self, body: Mapping[str, Any], transport: Literal["http", "websocket"], size: int = 0
    ) -> Request:
        """Validate a body, unless this very object was found valid before; ApiError when it is not."""
        for known in (self._valid.get(id(body)), self._large):
            if known is not None and known[0] is body and known[1] == transport:
                return known[2]
        request = parse_request(
            body, transport=transport, any_model=self.any_model, behaviour=self._behaviour
        )
        if 0 < size <= MAX_SIZE:
            if len(self._valid) >= _KEPT_REQUESTS:
                self._valid.clear()
            self._valid[id(body)] = (body, transport, request)
        elif 0 < size <= LARGEST:
            self._large = (body, transport, request)
        return request

    async def before(self, request: Request, lanes: Lanes | None) -> tuple[Items, int]:
        """Find what a request continues from: the items, oldest first, and their tokens."""
        parent = await self._resolve(request, lanes)
        if parent is not None:
            return parent.items, parent.tokens
        if request.conversation is None:
            return (), 0
        found = await self._conversations.get(request.conversation)
        if found is None:
            raise conversation_not_found(request.conversation, self._behaviour.conversation_not_found)
        return tuple(found.items), count_input(found.items, instructions=None, tools=())

    async def check(self, request: Request, history: Items, history_tokens: int, size: int) -> None:
        """Look whether a request fits what it continues from; `size` is in bytes, 0 when its length does not
        matter.
        """
        for wanted in _referred_to(request, history):
            if await self._store.find_item(wanted) is None:
                raise item_not_found(wanted, self._behaviour.item_not_found)
        check_conversation(history, request)
        _check_window(request, history_tokens, size)

    def at_once(self, request: Request, lanes: Lanes | None, size: int) -> tuple[Items, int] | None:
        """Give what a request continues from; None when there is anything to wait for, or to refuse."""
        parent: Remembered | None = None
        if (wanted := request.previous_response_id) is not None:
            parent = lanes.find(wanted) if lanes is not None else None
            if parent is None and isinstance(self._store, MemoryStore):
                parent = self._store.find(wanted)
            if parent is None or self.running(wanted) is not None or not self.may_continue(parent):
                return None
        history, tokens = (parent.items, parent.tokens) if parent is not None else ((), 0)
        if request.conversation is not None or next(_referred_to(request, history), None) is not None:
            return None
        try:
            check_conversation(history, request)
            _check_window(request, tokens, size)
        except ApiError:
            return None
        return history, tokens

    def may_continue(self, remembered: Remembered) -> bool:
        """Tell whether `previous_response_id` may name this response."""
        return remembered.status in _PARENTS[self._behaviour.parents]

    async def _resolve(self, request: Request, lanes: Lanes | None) -> Remembered | None:
        if request.previous_response_id is None:
            return None
        wanted = request.previous_response_id
        running = self.running(wanted)
        if running is not None and self._behaviour.unfinished_parent == "conflict":
            raise response_in_progress(wanted)
        if running is not None and self._behaviour.unfinished_parent == "wait":
            await running.ended()
        found = lanes.find(wanted) if lanes else None
        found = found or await self._store.get(wanted)
        while found is not None and found.status in _UNFINISHED:  # another server of this memory generates it
            if self._behaviour.unfinished_parent == "conflict":
                raise response_in_progress(wanted)
            if self._behaviour.unfinished_parent != "wait":
                break
            await asyncio.sleep(_LOOK)
            found = await self._store.get(wanted)
        if found is None or not self.may_continue(found):
            raise previous_response_not_found(wanted)
        return found


def _referred_to(request: Request, history: Items) -> Iterator[str]:
    """Give the ids of the items that a request only names and that are not in its history. In a request that
    is not stored, reasoning without its ciphertext is no more than its name (reported).
    """
    for item in request.input:
        bare = item.get("type") == "reasoning" and not (request.store or item.get("encrypted_content"))
        if not (bare or is_reference(item)) or item.get("id") is None:
            continue
        if not any(known.get("id") == item["id"] for known in history):
            yield item["id"]


def _check_window(request: Request, history_tokens: int, size: int) -> None:
    """Raise ApiError when the input is larger than the model's context window and may not be cut."""
    if request.body.get("truncation") == "auto":
        return
    window = models.facts(request.model).window
    # A token has at least one byte, and counting is dear: only what could be too large is counted.
    if history_tokens + size > window and history_tokens + request.tokens > window:
        raise context_length_exceeded()
