"""An upstream whose every byte a test decides."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

Serve = Callable[["Peer"], Awaitable[None]]


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    """However a recording ends, the recorder closes what it opened upstream."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert not [str(one.message) for one in heard if "Unclosed" in str(one.message)]


class Peer:
    """One connection that the proxy made to the upstream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.head = b""
        self.body = b""

    async def request(self) -> bytes:
        """Reads one HTTP request and gives its head."""
        self.head = await self.reader.readuntil(b"\r\n\r\n")
        for line in self.head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                self.body = await self.reader.readexactly(int(line.partition(b":")[2]))
        return self.head

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def fin(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        plain = self.writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Upstream:
    """Listens on a free port and serves each connection with `serve`."""

    def __init__(self) -> None:
        self.serve: Serve | None = None
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**26)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        self._server.close()
        for peer in self.peers:
            peer.writer.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.peers.append(peer)
        assert self.serve is not None
        try:
            await self.serve(peer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Exception as error:
            self.failures.append(error)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    server = Upstream()
    await server.start()
    yield server
    await server.stop()
    assert server.failures == []
