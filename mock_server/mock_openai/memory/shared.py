"""Memory that several servers share through Redis: stored responses and conversations.

Strategy: every change is atomic in Redis (a script or a transaction), so that nothing is lost when two
servers change the same value at the same time. A value that cannot be decoded counts as missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from mock_openai.clock import Clock
from mock_openai.memory import packed
from mock_openai.memory.conversations import Conversation
from mock_openai.memory.link import Link
from mock_openai.memory.store import RETENTION, Remembered, root_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

SHOWN = 30
"""Seconds for which other servers see a response that is being generated; the server that generates it may
die.
"""

_SLACK = 86400
"""Seconds that a node outlives its response, so that a continuation in progress still finds it."""

_RESPONSES, _CONVERSATIONS = ("response", "node", "root"), ("conversation", "items")
_FAMILIES = (*_RESPONSES, *_CONVERSATIONS)

_KEEP = """
local linked = ARGV[3] ~= '' and redis.call('EXISTS', KEYS[3]) == 1
if not linked and ARGV[4] == '' then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'items', ARGV[2])
if linked then redis.call('HSET', KEYS[2], 'parent', ARGV[3])
else redis.call('HSET', KEYS[2], 'before', ARGV[4]) end
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[5])
redis.call('SADD', KEYS[4], ARGV[7])
redis.call('EXPIRE', KEYS[4], ARGV[6])
return 1
"""
_FIND = """
local head = redis.call('GET', KEYS[1])
if not head then return false end
local found, seen, id = {head}, {}, ARGV[1]
while id do
  local key = ARGV[2] .. id
  local node = redis.call('HMGET', key, 'items', 'parent', 'before')
  if seen[id] or not node[1] then return false end
  seen[id] = true
  redis.call('EXPIRE', key, ARGV[3])
  found[#found + 1] = node[1]
  if node[3] then found[#found + 1] = node[3]; break end
  id = node[2]
end
return found
"""
_APPEND = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for _, item in ipairs(ARGV) do redis.call('RPUSH', KEYS[2], item) end
return 1
"""


class SharedMemory(Link):
    """The memory that several servers share. `redis://HOST:PORT/DB?prefix=...`."""

    def __init__(self, url: str, *, retention: float = RETENTION, clock: Clock | None = None) -> None:
        super().__init__(url, retention=retention, clock=clock)
        self.own = Namespace(self)
        """The part for requests that belong to no session."""

    def namespace(self, session: str | None) -> Namespace:
        """Return a session's part; None for the server's own."""
        return self.own if session is None else Namespace(self, "session", quote(session, safe=""))

    async def forget(self) -> None:
        """Delete what all sessions store; the messages between the servers stay."""
        await self.clear(*_FAMILIES, "session")


class Namespace:
    """What one session stores on all servers, invisible to the others. Its keys begin with `within`."""

    def __init__(self, memory: Link, *within: str) -> None:
        self.responses = SharedResponses(memory, within)
        self.conversations = SharedConversations(memory, within)

    async def forget(self) -> None:
        """Delete everything."""
        await self.responses.clear()
        await self.conversations.clear()


class _Shelf:
    """The keys of a Redis that share a prefix."""

    def __init__(self, memory: Link, within: Sequence[str] = ()) -> None:
        self._memory = memory
        self._within = within

    def _key(self, family: str, name: str) -> str:
        return self._memory.key(*self._within, family, name)

    async def _clear(self, families: Sequence[str]) -> None:
        await self._memory.clear(*(":".join((*self._within, family)) for family in families))


class SharedResponses(_Shelf):
    """A ResponseStore in Redis, which deletes expired responses by itself."""

    async def put(self, remembered: Remembered) -> None:
        """Store a response."""
        await self._put(remembered, int(self._memory.retention))

    async def show(self, remembered: Remembered) -> None:
        """Let the other servers see a response that is being generated; call again before `SHOWN` seconds
        have passed.
        """
        await self._put(remembered, SHOWN)

    async def _put(self, remembered: Remembered, seconds: int) -> None:
        memory, name = self._memory, remembered.id
        parent = remembered.parent or ""
        keys = [self._head(name), self._node(name), self._node(parent), self._family(name)]
        items = packed.pack_items([*remembered.input, *remembered.response.get("output", ())])
        before = b"" if parent else packed.pack_items(tuple(remembered.before))
        node = int(memory.retention) + _SLACK
        for _ in range(2):
            head = packed.pack_head(remembered, memory.clock.wall())
            values: list[Any] = [head, items, parent, before, seconds, node, name]
            if await memory.answer(_run(memory.client, _KEEP, keys, values)):
                return
            # Redis does not have the parent (one connection alone knows it, or it is gone): store the whole
            # history.
            before = packed.pack_items(tuple(remembered.before))

    async def get(self, response_id: str) -> Remembered | None:
        """Return a response; None if it was never stored, deleted or has expired."""
        memory = self._memory
        values = [response_id, self._node(""), int(memory.retention) + _SLACK]
        found = await memory.answer(_run(memory.client, _FIND, [self._head(response_id)], values))
        if not found:
            return None
        since = memory.clock.wall() - memory.retention
        return packed.unpack_response(response_id, found[0], found[1:], since=since)

    async def delete(self, response_id: str) -> bool:
        """Delete a response; False if there was none. Its items stay while other responses continue from
        them.
        """
        known = await self.get(response_id) is not None
        return bool(await self._memory.answer(self._memory.client.unlink(self._head(response_id)))) and known

    async def find_item(self, item_id: str) -> dict[str, Any] | None:
        """Return an input or output item of a stored response by its id."""
        memory = self._memory
        for name in await memory.answer(_awaitable(memory.client.smembers(self._family(item_id)))) or ():
            response_id = name.decode("utf-8", "replace")
            if not await memory.answer(memory.client.exists(self._head(response_id))):
                continue
            fields = memory.client.hmget(self._node(response_id), ["items", "before"])
            for value in await memory.answer(_awaitable(fields)) or ():
                for item in packed.unpack_items(value):
                    if item.get("id") == item_id:
                        return item
        return None

    async def clear(self) -> None:
        """Delete all responses."""
        await self._clear(_RESPONSES)

    def _head(self, response_id: str) -> str:
        return self._key("response", response_id)

    def _node(self, response_id: str) -> str:
        return self._key("node", response_id)

    def _family(self, identifier: str) -> str:
        return self._key("root", root_of(identifier))


class SharedConversations(_Shelf):
    """A ConversationStore in Redis: a header, and a list of items."""

    async def put(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        header, items = self._keys(conversation.id)
        steps = self._memory.client.pipeline(transaction=True)
        steps.delete(items)
        steps.set(header, packed.pack_header(conversation))
        if conversation.items:
            steps.rpush(items, *map(_item, conversation.items))
        await self._memory.answer(steps.execute())

    async def describe(self, conversation_id: str, metadata: dict[str, str]) -> bool:
        """Replace a conversation's metadata; False if there is no such conversation."""
        found = await self.get(conversation_id)
        if found is None:
            return False
        found.metadata = metadata
        header = packed.pack_header(found)
        return bool(
            await self._memory.answer(
                self._memory.client.set(self._keys(conversation_id)[0], header, xx=True)
            )
        )

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation; None if there is none with this id."""
        header, items = self._keys(conversation_id)
        steps = self._memory.client.pipeline(transaction=True)
        steps.get(header)
        steps.lrange(items, 0, -1)
        found = await self._memory.answer(steps.execute())
        return None if not found else packed.unpack_conversation(conversation_id, found[0], found[1])

    async def append(self, conversation_id: str, items: Sequence[dict[str, Any]]) -> bool:
        """Add items at the end, all at once; False if there is no such conversation."""
        values = [_item(item) for item in items]
        added = _run(self._memory.client, _APPEND, self._keys(conversation_id), values)
        return bool(await self._memory.answer(added))

    async def remove(self, conversation_id: str, item_id: str) -> bool:
        """Remove an item; False if the conversation does not have it."""
        _, items = self._keys(conversation_id)
        client = self._memory.client
        for value in await self._memory.answer(_awaitable(client.lrange(items, 0, -1))) or ():
            item = packed.unpack_item(value)
            if item is not None and item["id"] == item_id:
                return bool(await self._memory.answer(_awaitable(client.lrem(items, 1, value))))
        return False

    async def delete(self, conversation_id: str) -> bool:
        """Delete a conversation; False if there was none."""
        header, items = self._keys(conversation_id)
        steps = self._memory.client.pipeline(transaction=True)
        steps.unlink(header)
        steps.unlink(items)
        gone = await self._memory.answer(steps.execute())
        return bool(gone and gone[0])

    async def clear(self) -> None:
        """Delete all conversations."""
        await self._clear(_CONVERSATIONS)

    def _keys(self, conversation_id: str) -> list[str]:
        return [self._key(family, conversation_id) for family in _CONVERSATIONS]


def _run(client: Redis, script: str, keys: Sequence[str], values: Sequence[Any]) -> Awaitable[Any]:
    registered = client.register_script(script)
    return cast(Awaitable[Any], registered(keys=list(keys), args=list(values)))


def _awaitable(value: Any) -> Awaitable[Any]:
    # The client's types allow for immediate answers, which only its pipelines give.
    return cast(Awaitable[Any], value)


def _item(item: dict[str, Any]) -> bytes:
    return packed.pack_items([item])[1:-1]
