"""The limit: an asyncio.Protocol that knows nothing and writes bytes that the real server once wrote.

Usage: python -m benchmarks.bare PORT ANSWERS, where ANSWERS is a file of pickled bytes by (way, prompt).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import pickle
import re
import sys
from pathlib import Path

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Parrot(asyncio.Protocol):
    """Answers whatever arrives with the bytes for it."""

    def __init__(self, answers: dict[tuple[str, str], bytes]) -> None:
        self._answers = answers
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        prompt = "long-reply" if b"long-reply" in data else "short-reply"
        if self._upgraded:
            self._transport.write(self._answers["ws", prompt])
        elif key := re.search(rb"Sec-WebSocket-Key: (\S+)", data):
            self._upgraded = True
            accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
            )
        else:
            self._transport.write(self._answers["sse" if b'"stream": true' in data else "json", prompt])


async def _serve(port: int, answers: dict[tuple[str, str], bytes]) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Parrot(answers), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes())))
