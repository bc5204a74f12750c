"""One TCP connection below HTTP and WebSocket: resets, ends, silence and raw bytes.

Strategy for "everything before the point has really reached the client": a reset overtakes whatever the
client has not read yet, and several clients drop what they have read but not yet handed on when the
connection ends with an error. So before a connection is ended below its protocol, `settle` waits until our
buffer is empty, the peer's kernel has acknowledged everything and the peer's process has read it (the
kernel's socket table says so on Linux loopback). It then leaves the client a moment of the loop's time to
process it. With the client on the same loop that moment is exact even in virtual time: the loop does not jump
while there is something to read.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from asyncio.trsock import TransportSocket
from typing import cast

GRACE = 0.01
"""Seconds for the client to process the data that it has read; measured against websockets, aiohttp and
openai clients.
"""

SETTLE_LIMIT = 1.0
"""Seconds after which the server stops waiting for a client that does not read."""

HALF_OPEN_LASTS = 2 * 60 * 60.0
"""Seconds until a half-open connection is closed, so that a long-running server does not collect them."""

_STEP = 0.002
_TIOCOUTQ = 0x5411
_LISTEN_TABLES = {socket.AF_INET: "/proc/net/tcp", socket.AF_INET6: "/proc/net/tcp6"}


class TcpConnection:
    """One TCP connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.dead = False
        """Whether the connection is over, or silent for good; writes then go nowhere."""
        self._held = False
        self._high_water = transport.get_write_buffer_limits()[1]

    @property
    def gone(self) -> bool:
        """Whether nothing can be written any more."""
        return self.dead or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Write bytes as they are; a silent connection swallows them, a closed one raises
        ConnectionResetError.
        """
        if self.dead:
            return
        if self._transport.is_closing():
            raise ConnectionResetError("the client has closed the connection")
        self._transport.write(data)

    def push(self, data: bytes) -> bool:
        """Write bytes; False if the client is gone, or too slow to take them now."""
        if self.dead:
            return True
        transport = self._transport
        if transport.is_closing() or transport.get_write_buffer_size() > self._high_water:
            return False
        transport.write(data)
        return True

    def is_clear(self) -> bool:
        """Return whether what is written now leaves at once: the client is there, and no bytes wait."""
        transport = self._transport
        return not (self.dead or transport.is_closing() or transport.get_write_buffer_size())

    def hold(self) -> None:
        """Stop reading for a while."""
        if not self.gone and self._transport.is_reading():
            self._held = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again after `hold`."""
        if self._held and not self.gone:
            self._held = False
            self._transport.resume_reading()

    async def settle(self) -> None:
        """Wait until the client has what was written (see the strategy above)."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLE_LIMIT
        while self._transport.get_write_buffer_size() and not self._transport.is_closing():
            if loop.time() >= deadline:
                return
            await asyncio.sleep(_STEP)
        await asyncio.sleep(GRACE)
        while self._unread() and loop.time() < deadline:
            await asyncio.sleep(_STEP)
            if not self._unread():
                await asyncio.sleep(GRACE)

    async def reset(self) -> None:
        """Send a TCP reset."""
        if self.gone:
            return
        await self.settle()
        if self._transport.is_closing():
            return
        self.dead = True
        sock = cast(socket.socket, self._transport.get_extra_info("socket"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def fin(self) -> None:
        """End the connection with a FIN."""
        if self.gone:
            return
        await self.settle()
        self.dead = True
        self._transport.close()

    def hang_up(self, farewell: bytes = b"") -> None:
        """End the connection now, after a few last bytes; for a server that stops."""
        if not self.gone and farewell:
            self._transport.write(farewell)
        self.dead = True
        self._transport.close()

    async def half_open(self) -> None:
        """Stop reading and writing until the server stops."""
        if self.gone:
            return
        self.dead = True
        if self._transport.is_reading():
            self._transport.pause_reading()
        await asyncio.sleep(HALF_OPEN_LASTS)
        self._transport.abort()

    def _unread(self) -> bool:
        if self._transport.is_closing() or not sys.platform.startswith("linux"):
            return False
        sock = cast("TransportSocket | None", self._transport.get_extra_info("socket"))
        if sock is None:
            return False
        try:
            unread = _unread_by_peer(sock)
            # A peer on this machine gets the bytes at once but may acknowledge them 40 ms later, so ask for
            # what it has read.
            return _unacknowledged(sock.fileno()) if unread is None else unread
        except (OSError, ValueError):
            return False


def _unacknowledged(descriptor: int) -> bool:
    import fcntl

    queued = fcntl.ioctl(descriptor, _TIOCOUTQ, b"\0\0\0\0")
    return bool(struct.unpack("i", queued)[0])


def _unread_by_peer(sock: TransportSocket) -> bool | None:
    """Return whether the peer has bytes that it has not read; None if it is not on this machine."""
    table = _LISTEN_TABLES.get(socket.AddressFamily(sock.family))
    if table is None:
        return None
    ours, theirs = sock.getsockname()[1], sock.getpeername()[1]
    pair = f":{theirs:04X}", f":{ours:04X}"
    with open(table, encoding="ascii") as lines:
        for line in lines:
            # sl local_address rem_address st tx_queue:rx_queue ...: the peer's own entry has the ports the
            # other way round.
            if pair[1] not in line:
                continue
            fields = line.split(maxsplit=5)
            if len(fields) > 5 and fields[1].endswith(pair[0]) and fields[2].endswith(pair[1]):
                return int(fields[4].partition(":")[2], 16) > 0
    return None
