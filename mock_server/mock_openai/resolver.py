"""Looks up host names without keeping a process that ends: a name server that is silent blocks for half a
minute, and asyncio waits for the threads in which it asks.
"""

from __future__ import annotations

import socket
from functools import partial
from typing import Any

from aiohttp import ThreadedResolver

from mock_openai.threads import in_thread


class _Lookups:
    """The two functions of a loop that a resolver calls."""

    async def getaddrinfo(self, host: str, port: int, **how: Any) -> Any:
        return await in_thread(partial(socket.getaddrinfo, host, port, **how))

    async def getnameinfo(self, address: Any, flags: int) -> Any:
        return await in_thread(socket.getnameinfo, address, flags)


def resolver() -> ThreadedResolver:
    """Return a resolver for aiohttp's connectors."""
    lookups: Any = _Lookups()
    return ThreadedResolver(lookups)
