"""A WebSocket for repeating recorded turns, several at a time as in the recording."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from mock_openai.protocol.json import object_in

import ninelives.cassette.turns as turns


@dataclass(eq=False, slots=True)
class _Turn:
    last: Any = None
    """The response in its latest event."""
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Socket:
    """An open WebSocket and the open turns on it. Needs a running loop."""

    def __init__(self, opened: aiohttp.ClientWebSocketResponse, number: int) -> None:
        self.number = number
        """Its number in the new recording."""
        self._opened = opened
        self._turns: turns.Turns[_Turn] = turns.Turns()
        self._reading = asyncio.create_task(self._read())

    @property
    def closed(self) -> bool:
        """Whether no more requests can be sent on it."""
        return self._opened.closed or self._reading.done()

    async def ask(self, message: str) -> _Turn:
        """Send a `response.create`. Raises what aiohttp raises if the socket is closed."""
        turn = _Turn()
        self._turns.begin(turns.read(message.encode("utf-8", "replace")).stream_id, turn)
        await self._opened.send_str(message)
        return turn

    async def answer(self, turn: _Turn) -> Any:
        """Return the response in the turn's last event; None if the socket ended without one."""
        await turn.over.wait()
        return turn.last

    async def close(self) -> None:
        """End it."""
        await self._opened.close()
        await self._reading

    async def _read(self) -> None:
        try:
            async for message in self._opened:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                data = message.data.encode()
                turn, over = self._turns.receive(turns.read(data))
                if turn is not None:
                    turn.last = response_in(data) or turn.last
                    if over:
                        turn.over.set()
        finally:
            for _, turn in self._turns.running:
                turn.over.set()


def response_in(data: bytes) -> Any:
    """Return the response in an event; None if it has none."""
    return (object_in(data) or {}).get("response")
