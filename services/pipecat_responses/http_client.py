"""The HTTP client of a service, and what a server may not do to it.

- A redirect to another server is not followed: it would get the conversation, and every key but that in
  ``Authorization``. The redirect is then the answer.
- The body of an error is read up to a limit, and so is an answer that is not a stream.
"""

from collections.abc import AsyncIterator

import httpx2
from openai import DefaultAsyncHttpxClient
from pipecat.utils.http import connection_limits

from .sizes import MOST_BYTES
from .tls import tls_context

__all__ = ["http_client"]

_REUSED_WITHIN = 15.0
"""Seconds after which an idle connection is not reused: a dead one would only show by a missing answer, and
opening a new one costs less than waiting for that once.
"""
_MOST_OF_AN_ERROR = 1 << 16
"""Bytes as they are sent, perhaps compressed; so are those of an answer."""


def http_client() -> httpx2.AsyncClient:
    """Return a new client."""
    limits = connection_limits(
        max_keepalive_connections=100, max_connections=1000, keepalive_expiry=_REUSED_WITHIN
    )
    return DefaultAsyncHttpxClient(limits=limits, verify=tls_context(), event_hooks={"response": [_guard]})


async def _guard(response: httpx2.Response) -> None:
    if response.has_redirect_location and not _stays(response):
        del response.headers["location"]
    kind = response.headers.get("content-type", "").lower()
    if response.status_code >= 300:
        response.stream = _Beginning(response.stream, _MOST_OF_AN_ERROR)
    elif kind.startswith("application/json"):
        response.stream = _Beginning(response.stream, MOST_BYTES)


def _stays(response: httpx2.Response) -> bool:
    """Whether a redirect leads to the server that sent it."""
    try:
        return response.url.join(response.headers["location"]).origin == response.url.origin
    except httpx2.InvalidURL:
        return False


class _Beginning(httpx2.AsyncByteStream):
    """The beginning of a body."""

    def __init__(self, body: object, most: int) -> None:
        assert isinstance(body, httpx2.AsyncByteStream)
        self._body = body
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body:
            yield piece[: self._left]
            self._left -= len(piece)
            if self._left <= 0:
                return

    async def aclose(self) -> None:
        await self._body.aclose()
