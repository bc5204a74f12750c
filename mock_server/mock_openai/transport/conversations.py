"""The conversation endpoints: creating, reading, changing and deleting conversations and their items."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mock_openai.memory import Conversation
from mock_openai.protocol.errors import (
    ApiError,
    conversation_item_not_found,
    conversation_not_found,
    unparsable_json,
)
from mock_openai.protocol.listing import included, page, with_ids, with_pictures
from mock_openai.protocol.mcp_credentials import without_credentials
from mock_openai.protocol.schema import Object
from mock_openai.state import ServerState
from mock_openai.threads import in_thread
from mock_openai.transport.body import LARGE_BODY, decode
from mock_openai.transport.exchange import Exchange
from mock_openai.transport.routes import CHANGED_CONVERSATION, MORE_ITEMS, MOST_ITEMS, NEW_CONVERSATION


class Conversations:
    """The endpoints below /v1/conversations."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._store = state.engine.conversations
        self.answers: dict[str, Callable[..., Awaitable[None]]] = {
            "conversation_create": self._create,
            "conversation_retrieve": self._retrieve,
            "conversation_update": self._update,
            "conversation_delete": self._delete,
            "conversation_items": self._list,
            "conversation_add": self._add,
            "conversation_item": self._item,
            "conversation_remove": self._remove,
        }
        """The method for each address, by its name in `routes`."""

    async def _create(self, exchange: Exchange) -> None:
        body = await _body(exchange, NEW_CONVERSATION) if exchange.data.strip() else {}
        ids = self._state.engine.ids
        name = ids.conversation()
        made = Conversation(name, int(self._state.engine.now()), dict(body.get("metadata") or {}))
        made.items.extend(with_ids(body.get("items") or (), name, ids))
        await self._store.put(made)
        await exchange.reply.json(made.shown())

    async def _retrieve(self, name: str, exchange: Exchange) -> None:
        await exchange.reply.json((await self._find(name)).shown())

    async def _update(self, name: str, exchange: Exchange) -> None:
        await self._find(name)
        metadata = dict((await _body(exchange, CHANGED_CONVERSATION)).get("metadata") or {})
        if not await self._store.describe(name, metadata):
            raise conversation_not_found(name)
        await exchange.reply.json((await self._find(name)).shown())

    async def _delete(self, name: str, exchange: Exchange) -> None:
        if not await self._store.delete(name):
            raise self._unknown(name)
        await exchange.reply.json({"id": name, "object": "conversation.deleted", "deleted": True})

    async def _list(self, name: str, exchange: Exchange) -> None:
        include = included(exchange.request.query.items())
        items = with_pictures((await self._find(name)).items, include)
        await exchange.reply.json(page(items, exchange.request.query, conversation_item_not_found))

    async def _add(self, name: str, exchange: Exchange) -> None:
        await self._find(name)
        added = with_ids((await _body(exchange, MORE_ITEMS))["items"], name, self._state.engine.ids)
        if not await self._store.append(name, added):
            raise conversation_not_found(name)
        # The added items, oldest first, as one page (documented).
        await exchange.reply.json(page(added, {"order": "asc", "limit": str(MOST_ITEMS)}))

    async def _item(self, name: str, item_id: str, exchange: Exchange) -> None:
        for item in (await self._find(name)).items:
            if item["id"] == item_id:
                await exchange.reply.json(without_credentials(item))
                return
        raise conversation_item_not_found(item_id)

    async def _remove(self, name: str, item_id: str, exchange: Exchange) -> None:
        await self._find(name)
        if not await self._store.remove(name, item_id):
            raise conversation_item_not_found(item_id)
        await exchange.reply.json(
            (await self._find(name)).shown()
        )  # the conversation, not the item (documented)

    async def _find(self, name: str) -> Conversation:
        found = await self._store.get(name)
        if found is None:
            raise self._unknown(name)
        return found

    def _unknown(self, name: str) -> ApiError:
        return conversation_not_found(name, self._state.settings.behaviour.conversation_not_found)


async def _body(exchange: Exchange, form: Object) -> Mapping[str, Any]:
    """Return a body that has this form; a thread reads a large one."""
    if len(exchange.data) > LARGE_BODY:
        return await in_thread(_read, exchange.data, exchange.content_type, form)
    return _read(exchange.data, exchange.content_type, form)


def _read(data: bytes, content_type: str, form: Object) -> Mapping[str, Any]:
    try:
        body = decode(data, content_type)
    except ApiError as error:
        raise error if error.status == 413 else unparsable_json() from None
    if not isinstance(body, dict):
        raise unparsable_json()
    form.check(body, "")
    return body
