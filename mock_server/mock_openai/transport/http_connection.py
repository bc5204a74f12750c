"""One TCP connection as HTTP reads it: aiohttp's request handler with time limits, detection of TLS by the
first byte, and a record of what aiohttp has not answered yet.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

from aiohttp import web

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.transport.tcp import TcpConnection

Hello = Callable[[web.RequestHandler, asyncio.Transport], None]
"""Called for a client that begins a TLS handshake."""


_TLS_HANDSHAKE = b"\x16"
"""The first byte that a TLS client sends; no HTTP request begins with it."""

_HEADERS_WITHIN = 30.0
"""Seconds from a request's first byte to the end of its headers; slower clients get a 408."""

_IDLE_LIMIT = 3600.0
"""Seconds that an HTTP connection may be idle."""

_LONGEST_URL, _LONGEST_HEADER = 16 * 1024, 64 * 1024
"""Bytes of a request line and of one header. The edge of the real API accepts URLs of 16 KB, and 128 KB of
headers in all (documented by Cloudflare).
"""

_NEVER = 10 * 365 * 86_400.0
"""A timeout in seconds that no server outlives."""

_FOLLOWED = 1024 * 1024
"""Bytes of unanswered requests that are remembered per connection."""

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_BODY_ELSEWHERE = re.compile(rb"\r\n(?:content-encoding|transfer-encoding|expect) *:", re.IGNORECASE)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

# aiohttp logs malformed request lines and, with a traceback, whatever a handler raises: both may contain
# keys. The journal has everything that a client does, so no log line is needed.
_silent = logging.Logger("mock_openai.aiohttp", logging.CRITICAL + 1)


def first_request(data: bytes) -> tuple[bytes, bytes, int] | None:
    """Return the parts of the first request's head before and after the length of its body, and the offset at
    which the request ends; None if it is incomplete, or its body is encoded.
    """
    head, found, body = data.partition(_END_OF_HEAD)
    head += found
    length = _LENGTH.search(head)
    size = int(length[1]) if length else 0
    if not found or size > len(body) or _BODY_ELSEWHERE.search(head):
        return None
    before, after = (head[: length.start(1)], head[length.end(1) :]) if length else (head, b"")
    return before, after, len(head) + size


class HttpConnection(web.RequestHandler):
    """One connection. Its first byte tells whether the client speaks TLS; headers that take too long and
    connections that idle too long end it.
    """

    __slots__ = (
        "_header_timer",
        "_hello",
        "_idle_since",
        "_idle_timer",
        "_speaks_http",
        "_time",
        "arrived",
        "between",
        "fast_path",
    )

    def __init__(self, server: web.Server, hello: Hello) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # which switches it off
            logger=_silent,
            auto_decompress=False,
            keepalive_timeout=_NEVER,  # aiohttp does not see the requests that are answered on the fast path
            max_line_size=_LONGEST_URL,
            max_field_size=_LONGEST_HEADER,
        )
        self._time = loop.time
        self._hello = hello
        self._speaks_http: bool | None = None
        self._header_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self.between = True
        """Whether no request is being answered."""
        self.fast_path: Callable[[bytes], bool] | None = None
        """Called first with received bytes. Once it declines, these and all later bytes go to aiohttp."""
        self.arrived: bytes | None = b""
        """The bytes of requests that aiohttp has not answered; None if they are no longer tracked."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_request()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the timers."""
        self._stop_timers()
        super().connection_lost(exc)

    def request_begins(self) -> None:
        """Note that a request's headers are complete."""
        self.between = False
        self._stop_timers()

    def request_ends(self) -> None:
        """Note that a request is answered."""
        self.between = True
        self._wait_for_request()
        answered = first_request(self.arrived or b"")
        self.arrived = self.arrived[answered[2] :] if self.arrived and answered else None

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, unless they are a TLS hello."""
        if not data:  # this makes aiohttp look again at the bytes that it holds
            super().data_received(data)
            return
        if self.fast_path is not None:
            if self.fast_path(data):
                if self.between:  # an open WebSocket is no idle connection
                    self._idle_since = self._time()
                return
            self.fast_path = None
        if self.arrived is not None:
            self.arrived = self.arrived + data if len(self.arrived) < _FOLLOWED else None
        if self._speaks_http is None:
            self._speaks_http = not data.startswith(_TLS_HANDSHAKE)
            if not self._speaks_http and self.transport is not None:
                self._hello(self, self.transport)
        if self._speaks_http:
            if self.between and self._header_timer is None and _END_OF_HEAD not in data:
                loop = asyncio.get_running_loop()
                self._header_timer = loop.call_later(_HEADERS_WITHIN, self._time_out)
            super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer malformed HTTP in the API's error format, without repeating what may contain a key."""
        answer = super().handle_error(request, status, exc, message)
        if isinstance(answer, web.Response) and status < 500:
            why = (message or "").partition(":")[0].rstrip(".")
            error = ApiError(
                f"This is not a valid HTTP request{f': {why}' if ' ' in why else ''}.", status=status
            )
            answer.body = json.pretty(error.body())
            answer.content_type = "application/json"
        return answer

    def _wait_for_request(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle_since = loop.time()
        self._idle_timer = loop.call_later(_IDLE_LIMIT, self._check_idle)

    def _check_idle(self) -> None:
        loop = asyncio.get_running_loop()
        if self._idle_since + _IDLE_LIMIT <= loop.time():
            self.force_close()
        else:
            self._idle_timer = loop.call_at(self._idle_since + _IDLE_LIMIT, self._check_idle)

    def _stop_timers(self) -> None:
        self.keep_alive(
            False
        )  # stops aiohttp's own timer; the answer decides again whether the connection stays open
        for timer in (self._idle_timer, self._header_timer):
            if timer is not None:
                timer.cancel()
        self._idle_timer = self._header_timer = None

    def _time_out(self) -> None:
        if self.transport is not None:
            TcpConnection(self.transport).hang_up(_TOO_SLOW)
