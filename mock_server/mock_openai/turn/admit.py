"""Admission: whether a create may go ahead, and the history that it continues from.

`read` validates the request. `at_hand` finds the history and checks the conversation, or returns None if it
has to wait for a shared memory, a conversation or a running response; then `waited` does the same. Refusals
are ApiErrors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from mock_openai.memory import ConversationStore, LaneMemory, MemoryStore, Remembered, ResponseStore
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
from mock_openai.protocol.history import History
from mock_openai.protocol.request import Request, parse_request
from mock_openai.protocol.settings_cache import SettingsCache
from mock_openai.protocol.tokens import count_input
from mock_openai.turn.request_cache import ReceivedRequest

Context = tuple[Sequence[dict[str, Any]], int]
"""What a request continues from: the items, oldest first, and their tokens."""

MOST_HISTORY = 256 * 1024 * 1024
"""Bytes of a conversation that may be continued: pictures have few tokens, and `truncation` no window."""

_NOTHING: Context = ((), 0)
_PARENTS = {
    "ended": ("completed", "incomplete"),
    "completed": ("completed",),
    "any": ("completed", "incomplete", "failed", "cancelled"),
}
_UNFINISHED = frozenset({"queued", "in_progress"})
_POLL_INTERVAL = 0.05
"""Seconds between two polls for a response that another server generates."""


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
        """Whether unknown models count as existing."""
        self.running: Callable[[str], Running | None] = lambda _: None
        """Returns a response that is still being generated in the background."""
        self._store = store
        self._conversations = conversations
        self._behaviour = behaviour
        self._parents = _PARENTS[behaviour.parents]
        self._accepted = {"http": SettingsCache(), "websocket": SettingsCache()}
        # A class derived from it may look elsewhere, and has to be awaited.
        self._here = store if type(store) is MemoryStore else None

    def read(self, body: Mapping[str, Any], transport: Literal["http", "websocket"]) -> Request:
        """Validate a body. Raises ApiError if it is not valid."""
        accepted = self._accepted[transport]
        request = accepted.read(body)
        if request is None:
            request = parse_request(
                body, transport=transport, any_model=self.any_model, behaviour=self._behaviour
            )
            accepted.keep(request)
        return request

    def read_ahead(self, received: ReceivedRequest, transport: Literal["http", "websocket"]) -> None:
        """Validate a large request and count its tokens, which is most of the work of planning it. Safe in a
        thread: it changes only the cache entry and, in one step, the cache of valid settings.
        """
        try:
            received.request = self.read(received.body, transport)
            _ = received.request.tokens
        except ApiError as error:
            received.refused = error

    def forget(self) -> None:
        """Empty the cache of valid settings."""
        for accepted in self._accepted.values():
            accepted.clear()

    def at_hand(self, request: Request, lanes: LaneMemory | None, size: int) -> Context | None:
        """Return the history that a request continues from; None if that has to be awaited. `size` is in
        bytes, 0 if the request's length does not matter.
        """
        context = _NOTHING
        if request.conversation is not None:
            return None
        if (wanted := request.previous_response_id) is not None:
            running = self.running(wanted)
            if running is not None and self._behaviour.unfinished_parent != "not_found":
                return None
            found = lanes.find(wanted) if lanes is not None else None
            if found is None:
                if self._here is None:
                    return None
                found = self._here.find(wanted)
            context = self._continued(found, wanted)
        if not request.only_messages and next(_referred_to(request, context[0]), None) is not None:
            return None
        if wanted is not None or not request.only_messages:
            check_conversation(context[0], request)
        _check_window(request, context[1], size)
        return context

    async def waited(self, request: Request, lanes: LaneMemory | None, size: int) -> Context:
        """Same as `at_hand`, but waits where it must."""
        history, tokens = await self._before(request, lanes)
        for wanted in _referred_to(request, history):
            if await self._store.find_item(wanted) is None:
                raise item_not_found(wanted, self._behaviour.item_not_found)
        check_conversation(history, request)
        _check_window(request, tokens, size)
        return history, tokens

    def may_continue(self, remembered: Remembered) -> bool:
        """Return whether `previous_response_id` may name this response."""
        return remembered.status in self._parents

    async def _before(self, request: Request, lanes: LaneMemory | None) -> Context:
        if request.previous_response_id is not None:
            return await self._parent(request.previous_response_id, lanes)
        if request.conversation is None:
            return _NOTHING
        found = await self._conversations.get(request.conversation)
        if found is None:
            raise conversation_not_found(request.conversation, self._behaviour.conversation_not_found)
        return History(found.items), count_input(found.items, instructions=None, tools=())

    async def _parent(self, wanted: str, lanes: LaneMemory | None) -> Context:
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
            await asyncio.sleep(_POLL_INTERVAL)
            found = await self._store.get(wanted)
        return self._continued(found, wanted)

    def _continued(self, found: Remembered | None, wanted: str) -> tuple[History, int]:
        if found is None or found.status not in self._parents:
            raise previous_response_not_found(wanted)
        context = found.context()
        if context[0].size > MOST_HISTORY:
            raise context_length_exceeded()
        return context


def _referred_to(request: Request, history: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Return the ids of the items that a request only names and that are not in its history. In a request
    that is not stored, a reasoning item without its ciphertext counts as one (reported).
    """
    known: set[Any] | None = None
    for item in request.input:
        bare = item.get("type") == "reasoning" and not (request.store or item.get("encrypted_content"))
        if not (bare or is_reference(item)) or item.get("id") is None:
            continue
        if known is None:
            known = {found for one in history if isinstance(found := one.get("id"), str)}
        if item["id"] not in known:
            yield item["id"]


def _check_window(request: Request, history_tokens: int, size: int) -> None:
    """Raise ApiError if the input exceeds the model's context window and may not be truncated."""
    if request.body.get("truncation") == "auto":
        return
    window = models.facts(request.model).window
    # A token has at least one byte. Counting is expensive, so only an input that could be too large is
    # counted.
    if history_tokens + size > window and history_tokens + request.tokens > window:
        raise context_length_exceeded()
