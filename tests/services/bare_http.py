"""An HTTP server made from a bare socket: it reads a request, and then says anything."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def http(body: bytes, *, status: str = "200 OK", kind: str = "text/event-stream", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def http_server(talk: Talk) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that reads a request and then says anything; gives its URL and the heads of the requests."""
    heads: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            heads.append(head)
            length = head.lower().partition("content-length:")[2].split()
            await reader.readexactly(int(length[0]) if length else 0)
            await talk(writer)
        writer.close()

    listening = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1", heads
