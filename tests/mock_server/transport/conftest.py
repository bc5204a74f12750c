"""Clients for the transport tests: a bare WebSocket that speaks JSON, and plain HTTP without an SDK."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import websockets
from mock_openai import MockServer
from mock_openai.delivery import play
from mock_openai.transport import repeated_head, socket_turns

from .bytewise import NOW


class Socket:
    """A WebSocket client that sends and receives JSON."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    async def send(self, message: object) -> None:
        await self.raw.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def create(self, text: str = "hi", **fields: Any) -> None:
        await self.send({"type": "response.create", "model": "gpt-4o", "input": text, **fields})

    async def next(self) -> dict[str, Any]:
        return json.loads(await self.raw.recv())

    async def until_end(self, lane: str | None = None) -> list[dict[str, Any]]:
        """Read one whole turn, or the error that answers it; frames of other lanes are passed over."""
        events: list[dict[str, Any]] = []
        while True:
            event = await self.next()
            if event.get("stream_id") != lane:
                continue
            events.append(event)
            if event["type"] in ("response.completed", "response.incomplete", "response.failed", "error"):
                return events

    async def turn(self, text: str = "hi", **fields: Any) -> dict[str, Any]:
        """Create, and give the last event."""
        await self.create(text, **fields)
        return (await self.until_end(fields.get("stream_id")))[-1]


@asynccontextmanager
async def _connect(server: MockServer, **options: Any) -> AsyncIterator[Socket]:
    async with websockets.connect(server.ws_url, max_size=None, **options) as raw:
        yield Socket(raw)


@pytest.fixture
def connect() -> Any:
    return _connect


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock stands still."""
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was played in the call that brought it, so that no test is green for never getting there."""
    seen: list[object] = []

    def spied(*given: Any, **more: Any) -> Any:
        played = play.play_at_once(*given, **more)
        if played is not None:
            seen.append(played)
        return played

    for transport in (socket_turns, repeated_head):
        monkeypatch.setattr(transport, "play_at_once", spied)
    return seen
