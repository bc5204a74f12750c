"""Sends a command to every server that shares a memory, and collects their results.

Strategy: one stream in Redis has all messages in their order. A server reads on from where it was, so that
it misses nothing while Redis or the server is away, and answers into a list made for that message. A sorted
set holds the servers and the time when each was last seen. A server that joins others gets their script,
faults and clock; the first one starts with its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mock_openai.control.commands import LASTING, Commands
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError

if TYPE_CHECKING:
    from mock_openai.memory.shared import SharedMemory

logger = logging.getLogger("mock_openai")

ANSWER_WITHIN = 5.0
"""Seconds that other servers have to answer; longer than `SEEN_WITHIN`, so that a dead server is dropped
first.
"""
SEEN_WITHIN = 3
"""Seconds after which a server that was not seen counts as gone."""
FAREWELL_WITHIN = 0.25
"""Seconds that Redis has to take the farewell of a server that stops."""

_BEAT = 0.5
_AGAIN = 0.25
_KEPT = 1000

_SEEN = """
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""


class BroadcastError(Exception):
    """Not every server could be reached: one line."""


class CommandRunner(Protocol):
    """Interface: runs a command on this server alone, or on all that share a memory."""

    shared: bool

    async def everywhere(self, what: str, given: Mapping[str, Any]) -> list[Any]:
        """Run a command on every server and return their results, this one's first. Raises ValueError if it
        cannot be run, BroadcastError if another server does not answer.
        """
        ...


class LocalRunner:
    """Runs commands on a server that shares no memory."""

    shared = False

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def everywhere(self, what: str, given: Mapping[str, Any]) -> list[Any]:
        """Run it here."""
        return [await self._commands.do(what, given)]


class SharedRunner:
    """Runs commands on all servers that share a memory."""

    shared = True

    def __init__(self, memory: SharedMemory, commands: Commands) -> None:
        self._memory = memory
        self._commands = commands
        self._seen = memory.key("seen")
        self._stream = memory.key("told")
        self._place = b"0-0"
        self._task: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Begin to listen, and catch up on commands that last."""
        others = [one for one in await self._there() if one != self._commands.worker]
        if others:
            for place, message in await self._messages(None):
                self._place = place
                if message.get("what") in LASTING:
                    await self._do(message)
        else:
            last = await self._memory.answer(self._memory.client.xrevrange(self._stream, count=1))
            self._place = last[0][0] if last else self._place
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def leave(self) -> None:
        """Stop listening."""
        task, self._task = self._task, None
        if task is None:
            return
        if await self._say_farewell():
            await asyncio.wait([task], timeout=_BEAT)
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_BEAT)

    async def _say_farewell(self) -> bool:
        """Tell the others; False if Redis does not answer soon, in which case they notice by themselves."""
        client = self._memory.client
        try:
            async with asyncio.timeout(FAREWELL_WITHIN):
                await self._memory.answer(client.zrem(self._seen, str(self._commands.worker)))
                # The client may swallow a cancellation while it reads: a message wakes the reader.
                message = {"from": self._commands.worker, "what": "leave"}
                await self._memory.answer(client.xadd(self._stream, {"message": json.compact(message)}))
        except (ApiError, TimeoutError):
            return False
        return True

    async def everywhere(self, what: str, given: Mapping[str, Any]) -> list[Any]:
        """Run it here, then on all others."""
        own = await self._commands.do(what, given)
        if what == "advance" or what == "reset":
            given = {"to": self._commands.ahead, "session": given.get("session")}
        try:
            return [own, *await self._ask(what, given)]
        except ApiError:
            raise BroadcastError("Redis does not answer: only this worker executed the command") from None

    async def _ask(self, what: str, given: Mapping[str, Any]) -> list[Any]:
        others = {one for one in await self._there() if one != self._commands.worker}
        if not others and what not in LASTING:
            return []
        client = self._memory.client
        answers = self._memory.key("answers", uuid.uuid4().hex)
        message = {"from": self._commands.worker, "what": what, "given": given, "answers": answers}
        adding = client.xadd(self._stream, {"message": json.compact(message)}, maxlen=_KEPT, approximate=True)
        place = await self._memory.answer(adding)
        if what == "reset" and given["session"] is None:  # older commands no longer apply
            await self._memory.answer(client.xtrim(self._stream, minid=place))
        return await self._collect(what, answers, others)

    async def _collect(self, what: str, answers: str, others: set[int]) -> list[Any]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_WITHIN
        found: list[Any] = []
        while others:
            if loop.time() >= deadline:
                others &= set(await self._there())
                if not others:
                    break
                missing = ", ".join(map(str, sorted(others)))
                raise BroadcastError(f"worker {missing} did not answer within {ANSWER_WITHIN:.0f} s: {what}")
            popped = await self._memory.answer(self._memory.client.blpop([answers], timeout=0.2))
            if popped is None:
                others &= set(await self._there())
                continue
            answer = json.parse(popped[1])
            others.discard(answer["worker"])
            found.append(answer["told"])
        return found

    async def _there(self) -> list[int]:
        script = self._memory.client.register_script(_SEEN)
        seen = script(keys=[self._seen], args=[str(self._commands.worker), SEEN_WITHIN])
        return [int(one) for one in await self._memory.answer(seen) or () if one.isdigit()]

    async def _listen(self) -> None:
        while self._task is not None:
            try:
                await self._there()
                for place, message in await self._messages(_BEAT):
                    self._place = place
                    if message.get("from") != self._commands.worker and message.get("what") != "leave":
                        await self._answer(message)
            except ApiError:
                await asyncio.sleep(_AGAIN)

    async def _messages(self, within: float | None) -> list[tuple[bytes, dict[str, Any]]]:
        block = None if within is None else int(within * 1000)
        reading = self._memory.client.xread({self._stream: self._place}, block=block)
        found = []
        for _, entries in await self._memory.answer(reading) or ():
            for place, fields in entries:
                message: Any = None
                with contextlib.suppress(ValueError):
                    message = json.parse(fields.get(b"message", b""))
                found.append((place, message if isinstance(message, dict) else {}))
        return found

    async def _answer(self, message: dict[str, Any]) -> None:
        result = await self._do(message)
        answers = message.get("answers")
        if not isinstance(answers, str) or not answers.startswith(self._memory.prefix):
            return
        client = self._memory.client
        steps = client.pipeline(transaction=True)
        steps.rpush(answers, json.compact({"worker": self._commands.worker, "told": result}))
        steps.expire(answers, 10)
        await self._memory.answer(steps.execute())

    async def _do(self, message: dict[str, Any]) -> Any:
        try:
            return await self._commands.do(message["what"], message["given"])
        except Exception as error:
            # Only a server of another version can have written this; go on with the next message.
            logger.warning("a message from another worker could not be read: %s", type(error).__name__)
            return None
