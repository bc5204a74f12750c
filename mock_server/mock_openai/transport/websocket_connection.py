"""One WebSocket: the handshake, messages in, frames out, and the closing handshake.

aiohttp reads the connection until it is upgraded; from then on its bytes come here. A client that breaks the
protocol gets the close code for that. What it sends afterwards is read and discarded for a moment, because
closing with unread bytes would lose the close frame.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping

from aiohttp import web

from mock_openai.transport.handshake import accept, deflate_terms
from mock_openai.transport.headers import head
from mock_openai.transport.http_connection import HttpConnection
from mock_openai.transport.http_reply import Written
from mock_openai.transport.tcp import TcpConnection
from mock_openai.wire.frames import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    BrokenRule,
    FrameReader,
    Message,
    close_frame,
    frame,
)

_CLOSE_WAIT = 1.0
"""Seconds that a client has to answer a close frame."""

_FALLS_SILENT = 0.05
"""Seconds without a byte after which a client that broke a rule is assumed to have read the close frame."""

_AT_ONCE = 20
"""Messages that are handled before other tasks run: one read may have tens of thousands."""

_AHEAD = 256 * 1024
"""Bytes of messages read ahead, beyond which reading stops until they are processed."""


class WebSocketConnection:
    """One WebSocket connection."""

    def __init__(self, tcp: TcpConnection, *, max_message: int, deflate: bool) -> None:
        self.closed = False
        """Whether either side has announced that it closes."""
        self.close_code: int | None = None
        """The client's close code, or the one for the rule that it broke."""
        self.broken = False
        """Whether the client broke the protocol."""
        self._tcp = tcp
        self._limit = max_message
        self._deflate = deflate
        self._reader = FrameReader(max_message)
        self._messages: deque[Message] = deque()
        self._ahead = 0
        self._handled = 0
        self._waiter: asyncio.Future[None] | None = None
        self._over = False
        self._request: web.BaseRequest | None = None
        self.fast_path: Callable[[bytes], bool] = lambda _: False
        """Called first with a text that arrives alone while no message waits; False leaves it to
        `receive`.
        """

    def open(self, request: web.BaseRequest, more: Mapping[str, str]) -> web.StreamResponse:
        """Answer the handshake, with `more` headers, and take over the connection. Raises ApiError if the
        request is not a handshake.
        """
        answer = accept(request.headers)
        terms = deflate_terms(request.headers) if self._deflate else None
        headers = {"Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Accept": answer}
        if terms is not None:
            headers["Sec-WebSocket-Extensions"] = terms
        self._reader = FrameReader(self._limit, inflate=terms is not None)
        self._request = request
        self._tcp.write(head(101, {**headers, **more}))
        request.protocol.set_parser(self)  # type: ignore[arg-type]  # has what is called of one
        if isinstance(request.protocol, HttpConnection):
            request.protocol.fast_path = self.take  # past aiohttp, which would only pass it on
        return Written(status=101, keep_alive=False)

    def take(self, data: bytes) -> bool:
        """Handle bytes from the client. Returns True: nobody else has to."""
        text = self._reader.alone(data)
        if text is not None and not self._messages and self.fast_path(text):
            return True
        for message in self._reader.feed(data) if text is None else [Message(TEXT, text)]:
            self._messages.append(message)
            self._ahead += len(message.data)
        if self._reader.broken is not None and not self.broken:
            self._refuse(self._reader.broken)
        if self._ahead > _AHEAD:
            self._tcp.hold()
        self._wake()
        return True

    # What aiohttp calls

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Handle bytes from the client."""
        self.take(data)
        return False, b""

    def feed_eof(self) -> None:
        """Note that the connection is over."""
        self._over = True
        self._wake()

    # What a session calls

    async def receive(self) -> Message | None:
        """Return the next text or binary message; None once the connection closes."""
        while True:
            self._handled += 1
            if self._handled % _AT_ONCE == 0:
                await asyncio.sleep(0)
            while not self._messages:
                if self.broken or self._over:
                    return None
                await self._news()
            message = self._messages.popleft()
            self._ahead -= len(message.data)
            if not self._messages:
                self._tcp.go_on()
            if message.opcode == PING:
                await self.write(frame(message.data, PONG))
            elif message.opcode == CLOSE:
                code = message.close_code if message.data else None
                self.close_code = code or 0
                if not self.closed:
                    self.closed = True
                    self._tcp.write(close_frame(code))  # a close is echoed (RFC 6455, 5.5.1)
                return None
            elif message.opcode != PONG and not self.closed:
                return message

    async def write(self, data: bytes) -> None:
        """Write frames and wait while the client is slow. Raises ConnectionResetError if it is gone."""
        self._tcp.write(data)
        if self._request is not None:
            await self._request.writer.drain()

    async def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and wait a moment for the client's."""
        if self.closed:
            return
        self.closed = True
        self._tcp.write(close_frame(code, reason))
        await asyncio.sleep(_CLOSE_WAIT)  # the reader receives the client's answer, and ends this wait
        self._tcp.hang_up()

    async def linger(self) -> None:
        """Give a client that broke a rule time to read the close frame."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_WAIT):
                while not self._over:
                    async with asyncio.timeout(_FALLS_SILENT):
                        await self._news()

    async def _news(self) -> None:
        """Wait for bytes, or the end."""
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _refuse(self, broken: BrokenRule) -> None:
        self.broken = True
        self.close_code = broken.code
        if not self.closed and not self._tcp.gone:
            self.closed = True
            self._tcp.write(close_frame(broken.code, broken.reason))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
