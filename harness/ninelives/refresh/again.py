"""Repeats the requests of a cassette with an upstream, in order, and records the answers.

Requests that overlapped in the recording overlap again; a request that came after an answer waits for it.

Ids of responses, items and calls in a request are replaced by the new ids from the same places. A request
that builds on an answer that did not come again cannot be sent; it is left out with the reason.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from mock_openai.protocol.json import object_in

from ninelives.cassette import Cassette, Exchange, Redactor
from ninelives.cassette.sse import Splitter, parse
from ninelives.recorder import Recorder
from ninelives.refresh.socket import Socket, response_in

ANSWERS_WITHIN = 120.0
"""Seconds for an answer."""

_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)

_ID = re.compile(r"\b[a-z]{1,8}_[0-9A-Za-z]+\b")
_KEPT = frozenset({"openai-beta", "content-type", "accept"})
_VERSION = re.compile(r"^(?:/openai)?/v\d+(?=/)")


@dataclass(slots=True)
class Asked:
    """The result of repeating one cassette."""

    cassette: Cassette
    again: Cassette | None = None
    """The new recording; None if nothing could be sent."""
    pairs: list[tuple[Exchange, Exchange]] = field(default_factory=list)
    """The recorded exchange and the new one."""
    left_out: list[tuple[Exchange, str]] = field(default_factory=list)
    """The requests that could not be sent, and why."""


async def ask_again(
    cassette: Cassette, upstream: str, target: Path, *, key: str, redactor: Redactor | None = None
) -> Asked:
    """Repeat everything and record it into `target`. Raises CassetteError if that cannot be written."""
    result = Asked(cassette)
    asked: list[_Begun] = []
    async with (
        Recorder(upstream, target, redactor=redactor) as proxy,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN)) as session,
    ):
        asker = _Asker(session, proxy, key)
        for exchange in cassette.exchanges:
            await asker.wait_for_what_was_over(exchange)
            if (reason := asker.cannot(exchange)) is not None:
                asker.leave_out(exchange)
                result.left_out.append((exchange, reason))
            else:
                asked.append(await asker.begin(exchange))
        await asker.close()
    if asked:
        result.again = Cassette.load(target)
        _pair(result, asked)
    return result


@dataclass(slots=True)
class _Begun:
    """An exchange that was repeated."""

    exchange: Exchange
    connection: int | None
    """Its connection's number in the new recording; None if it has none."""
    answered: asyncio.Task[None]


def _pair(result: Asked, asked: Iterable[_Begun]) -> None:
    """Return each exchange with the new one: the next of its connection."""
    assert result.again is not None
    there: defaultdict[int | None, deque[Exchange]] = defaultdict(deque)
    for new in result.again.exchanges:
        there[new.connection].append(new)
    for each in asked:
        if there[each.connection]:
            result.pairs.append((each.exchange, there[each.connection].popleft()))
        else:
            result.left_out.append((each.exchange, "it was not answered this time"))


class _Asker:
    def __init__(self, session: aiohttp.ClientSession, proxy: Recorder, key: str) -> None:
        self._session, self._proxy, self._key = session, proxy, key
        self._names: dict[str, str] = {}  # recorded id -> new id
        self._lost: set[str] = set()  # recorded ids without a new one
        self._sockets: dict[int, Socket] = {}
        self._running: list[_Begun] = []

    async def wait_for_what_was_over(self, exchange: Exchange) -> None:
        """Wait for the answers that had arrived when this request was recorded, and for those that it builds
        on.
        """
        named = set(_ID.findall(_said(exchange)))
        for each in list(self._running):
            if each.exchange.ended <= exchange.began or not named.isdisjoint(_recorded_ids(each.exchange)):
                await each.answered
                self._running.remove(each)

    def cannot(self, exchange: Exchange) -> str | None:
        """Return why an exchange cannot be repeated; None if it can."""
        for found in _ID.findall(_said(exchange)):
            if found in self._lost:
                return f"it refers to {found}, which was not answered this time"
        return None

    async def begin(self, exchange: Exchange) -> _Begun:
        """Repeat one request. On return it has reached the recorder; the answer has yet to arrive."""
        if exchange.transport == "websocket":
            begun = await self._begin_turn(exchange)
        else:
            before = self._proxy.writer.connections
            arrived = asyncio.get_running_loop().create_future()

            def arrive() -> None:
                if not arrived.done():
                    arrived.set_result(None)

            self._proxy.writer.begun = arrive
            task = asyncio.create_task(self._ask(exchange, self._http(exchange)))
            await asyncio.wait([task, arrived], return_when=asyncio.FIRST_COMPLETED)
            begun = _Begun(exchange, self._newest(before), task)
        self._running.append(begun)
        return begun

    async def _begin_turn(self, exchange: Exchange) -> _Begun:
        before = self._proxy.writer.connections
        try:
            socket = await self._socket(exchange)
            turn = await socket.ask(self._renamed(exchange.request.decode("utf-8", "replace")))
        except _FAILURES:
            return _Begun(exchange, self._newest(before), asyncio.create_task(self._ask(exchange, None)))
        return _Begun(exchange, socket.number, asyncio.create_task(self._ask(exchange, socket.answer(turn))))

    def _newest(self, before: int) -> int | None:
        now = self._proxy.writer.connections
        return now if now > before else None

    async def _ask(self, exchange: Exchange, answer: Awaitable[Any] | None) -> None:
        """Take the new ids from an answer."""
        response = None
        if answer is not None:
            with suppress(*_FAILURES):
                async with asyncio.timeout(ANSWERS_WITHIN):
                    response = await answer
        self._learn(exchange, response)

    def leave_out(self, exchange: Exchange) -> None:
        """Note that requests that build on this one cannot be sent either."""
        self._learn(exchange, None)

    async def close(self) -> None:
        """Wait for the answers and end the sockets."""
        for each in self._running:
            await each.answered
        for socket in self._sockets.values():
            await socket.close()

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        kept = {name: value for name, value in exchange.request_headers.items() if name in _KEPT}
        return {**kept, "Authorization": f"Bearer {self._key}"}

    def _renamed(self, text: str) -> str:
        return _ID.sub(lambda found: self._names.get(found[0], found[0]), text)

    async def _http(self, exchange: Exchange) -> Any:
        if exchange.method == "GET" and exchange.request_headers.get("sec-websocket-version"):
            opened = await self._session.ws_connect(self._proxy.ws_url, headers=self._headers(exchange))
            await opened.close()
            return None
        path = _VERSION.sub("", exchange.path or "/") if "://" not in (exchange.path or "") else "/"
        body = self._renamed(exchange.request.decode("utf-8", "surrogateescape"))
        async with self._session.request(
            exchange.method,
            self._proxy.base_url + self._renamed(path),
            data=body.encode("utf-8", "surrogateescape") or None,
            headers=self._headers(exchange),
        ) as response:
            data = await response.read()
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            blocks = Splitter().feed(data, 0)
            return next(
                (found for block in reversed(blocks) if (found := response_in(parse(block.data)[1]))), None
            )
        return object_in(data)

    async def _socket(self, exchange: Exchange) -> Socket:
        socket = self._sockets.get(exchange.connection)
        if socket is None or socket.closed:
            opened = await self._session.ws_connect(
                self._proxy.ws_url, headers=self._headers(exchange), max_msg_size=0
            )
            socket = self._sockets[exchange.connection] = Socket(opened, self._proxy.writer.connections)
        return socket

    def _learn(self, exchange: Exchange, response: Any) -> None:
        """Map the recorded ids to those in the same places of the new answer."""
        recorded = list(_recorded_ids(exchange))
        new = response if isinstance(response, dict) else {}
        pairs = zip(recorded, _ids({"id": new.get("id"), "output": new.get("output") or []}), strict=False)
        self._names |= {old: fresh for old, fresh in pairs if old and fresh and old[:3] == fresh[:3]}
        self._lost |= {old for old in recorded if old and old not in self._names}


def _said(exchange: Exchange) -> str:
    return exchange.request.decode("utf-8", "replace") + (exchange.path or "")


def _recorded_ids(exchange: Exchange) -> Iterator[str | None]:
    return _ids({"id": exchange.response_id, "output": list(exchange.output)})


def _ids(response: dict[str, Any]) -> Iterator[str | None]:
    """Yield the response's id, then those of its calls, then those of its other items."""
    yield response["id"]
    output = [item for item in response["output"] if isinstance(item, dict)]
    calls = [item for item in output if item.get("call_id")]
    for item in calls:
        yield item["call_id"]
    for item in [*calls, *(item for item in output if not item.get("call_id"))]:
        yield item.get("id")
