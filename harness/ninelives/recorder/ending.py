"""How a connection to the upstream broke, and how to break the client's in the same way."""

from __future__ import annotations

import asyncio
import socket
import struct

import aiohttp
from aiohttp.client_proto import ResponseHandler

from ninelives.cassette.lines import How

_LINGER_ZERO = struct.pack("ii", 1, 0)  # close() then sends a reset instead of a FIN


class Watch:
    """Remembers how a connection ended, which aiohttp reports only in its `closed` future."""

    def __init__(self, protocol: ResponseHandler) -> None:
        self._closed = protocol.closed
        if self._closed is not None:
            self._closed.add_done_callback(_retrieve)

    @property
    def how(self) -> How:
        """ "reset" if the peer reset the connection, otherwise "fin"."""
        closed = self._closed
        if closed is None or not closed.done() or closed.cancelled() or closed.exception() is None:
            return "fin"
        return "reset"


def how_it_failed(error: BaseException) -> How:
    """Return how an attempt failed that got no answer at all."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "fin"
    if isinstance(error, OSError):
        return "reset"
    return "protocol"


def break_off(transport: asyncio.BaseTransport | None, how: How) -> None:
    """End the client's connection in the middle, with a FIN or with a reset."""
    if transport is None or transport.is_closing():
        return
    assert isinstance(transport, asyncio.Transport)
    if how in ("fin", "protocol"):
        transport.close()  # after what is buffered
        return
    plain = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()


def _retrieve(closed: asyncio.Future[None]) -> None:
    if not closed.cancelled():
        closed.exception()
