"""Asks an upstream the requests of a cassette again, in their order, and records what it answers.

What a request continues from has other ids now: ids of responses, items and calls in it are replaced by those
that came in the same place of the new answers. A request that cannot be asked, because what it builds on did
not come again, is left out with the reason.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

import ninelives.cassette.turns as turns
from ninelives.cassette import Cassette, Exchange, Redactor
from ninelives.cassette.sse import Splitter, parse
from ninelives.recorder import Recorder

PATIENCE = 120.0
"""Seconds that an answer may take."""

_ID = re.compile(r"\b[a-z]{1,8}_[0-9A-Za-z]+\b")
_KEPT = frozenset({"openai-beta", "content-type", "accept"})
_VERSION = re.compile(r"^(?:/openai)?/v\d+(?=/)")


@dataclass(slots=True)
class Asked:
    """What came of asking one cassette again."""

    cassette: Cassette
    again: Cassette | None = None
    """What was recorded now; None when nothing could be asked."""
    pairs: list[tuple[Exchange, Exchange]] = field(default_factory=list)
    """The recorded exchange and the new one."""
    left_out: list[tuple[Exchange, str]] = field(default_factory=list)
    """What could not be asked, and why."""


async def ask_again(
    cassette: Cassette, upstream: str, target: Path, *, key: str, redactor: Redactor | None = None
) -> Asked:
    """Ask everything again and record it into `target`. Raises CassetteError when that cannot be written."""
    result = Asked(cassette)
    asked: list[Exchange] = []
    async with (
        Recorder(upstream, target, redactor=redactor) as proxy,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session,
    ):
        asker = _Asker(session, proxy, key)
        for exchange in cassette.exchanges:
            if (reason := asker.cannot(exchange)) is not None:
                asker.leave_out(exchange)
                result.left_out.append((exchange, reason))
            else:
                asked.append(exchange)
                await asker.ask(exchange)
        await asker.close()
    if asked:
        result.again = Cassette.load(target)
        result.pairs = list(zip(asked, result.again.exchanges, strict=False))
    return result


class _Asker:
    def __init__(self, session: aiohttp.ClientSession, proxy: Recorder, key: str) -> None:
        self._session, self._proxy, self._key = session, proxy, key
        self._names: dict[str, str] = {}  # recorded id -> new id
        self._lost: set[str] = set()  # recorded ids for which nothing came
        self._sockets: dict[int, aiohttp.ClientWebSocketResponse] = {}

    def cannot(self, exchange: Exchange) -> str | None:
        """Why an exchange cannot be asked again; None when it can."""
        said = exchange.request.decode("utf-8", "replace") + (exchange.path or "")
        for found in _ID.findall(said):
            if found in self._lost:
                return f"it builds on {found}, for which nothing came this time"
        return None

    async def ask(self, exchange: Exchange) -> None:
        """Ask one, and learn the new ids from its answer."""
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            if exchange.transport == "websocket":
                self._learn(exchange, await self._turn(exchange))
                return
            if exchange.method == "GET" and exchange.request_headers.get("sec-websocket-version"):
                socket = await self._session.ws_connect(self._proxy.ws_url, headers=self._headers(exchange))
                await socket.close()
                return
            self._learn(exchange, await self._http(exchange))
            return
        self._learn(exchange, None)

    def leave_out(self, exchange: Exchange) -> None:
        """What builds on this one cannot be asked either."""
        self._learn(exchange, None)

    async def close(self) -> None:
        """End the sockets."""
        for socket in self._sockets.values():
            await socket.close()

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        kept = {name: value for name, value in exchange.request_headers.items() if name in _KEPT}
        return {**kept, "Authorization": f"Bearer {self._key}"}

    def _renamed(self, text: str) -> str:
        return _ID.sub(lambda found: self._names.get(found[0], found[0]), text)

    async def _http(self, exchange: Exchange) -> Any:
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
                (found for block in reversed(blocks) if (found := _response(parse(block.data)[1]))), None
            )
        return _decoded(data)

    async def _turn(self, exchange: Exchange) -> Any:
        socket = self._sockets.get(exchange.connection)
        if socket is None or socket.closed:
            socket = await self._session.ws_connect(
                self._proxy.ws_url, headers=self._headers(exchange), max_msg_size=0
            )
            self._sockets[exchange.connection] = socket
        said = turns.read(exchange.request)
        await socket.send_str(self._renamed(exchange.request.decode("utf-8", "replace")))
        running: turns.Turns[str] = turns.Turns()
        running.begin(said.stream_id, "this")
        last: Any = None
        async with asyncio.timeout(PATIENCE):
            while running.running:
                message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return last
                data = message.data.encode()
                running.receive(turns.read(data))
                last = _response(data) or last
        return last

    def _learn(self, exchange: Exchange, response: Any) -> None:
        """The new answer's ids stand for the recorded ones in the same place."""
        recorded = {"id": exchange.response_id, "output": list(exchange.output)}
        new = response if isinstance(response, dict) else {}
        pairs = zip(
            _ids(recorded), _ids({"id": new.get("id"), "output": new.get("output") or []}), strict=False
        )
        self._names |= {old: fresh for old, fresh in pairs if old and fresh and old[:3] == fresh[:3]}
        self._lost |= {old for old in _ids(recorded) if old and old not in self._names}


def _ids(response: dict[str, Any]) -> Iterator[str | None]:
    """The response's id, then those of its calls, then those of its other items: each kind in its order."""
    yield response["id"]
    output = [item for item in response["output"] if isinstance(item, dict)]
    calls = [item for item in output if item.get("call_id")]
    for item in calls:
        yield item["call_id"]
    for item in [*calls, *(item for item in output if not item.get("call_id"))]:
        yield item.get("id")


def _response(data: bytes) -> Any:
    value = _decoded(data)
    return value.get("response") if isinstance(value, dict) else None


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data) if data else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
