"""Passes a WebSocket through as bytes, and notes its messages.

After the handshake the bytes are passed on unparsed: pings, fragments, close frames, half frames, silence and
resets reach the other side at once, as they were sent. A copy of the bytes is parsed for the cassette.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from aiohttp import ClientResponse, web
from mock_openai.wire.frames import BINARY, CLOSE, TEXT, Message, PassingFrames

import ninelives.recorder.answer as answer
from ninelives.cassette.line_writer import LineWriter
from ninelives.recorder.ending import Watch, break_off
from ninelives.recorder.headers import handshake_to_client
from ninelives.recorder.notes import Notes

_FULL = 4 * 2**20
"""Bytes waiting for a slow reader above which reading from its peer stops."""
_LOOK_AGAIN = 0.01
"""Seconds between two checks whether the waiting bytes were sent."""

_TOO_LARGE = 1009
"""The close code that says so (RFC 6455, section 7.4.1)."""

Side = Literal["server", "client"]


class _Tap:
    """The protocol to which aiohttp passes a connection's bytes once it is no longer HTTP."""

    def __init__(self, on_data: Callable[[bytes], None], on_eof: Callable[[], None]) -> None:
        self._on_data, self._on_eof = on_data, on_eof

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._on_data(bytes(data))
        return False, b""

    def feed_eof(self) -> None:
        self._on_eof()


class SocketRelay:
    """One WebSocket from the accepted handshake to the end of both connections."""

    def __init__(
        self,
        request: web.BaseRequest,
        response: ClientResponse,
        line_writer: LineWriter,
        notes: Notes,
        now: Callable[[], float],
    ) -> None:
        connection = response.connection
        assert connection is not None
        assert connection.protocol is not None
        assert request.transport is not None
        self._request, self._response, self._line_writer = request, response, line_writer
        self._notes, self._now = notes, now
        self._client, self._client_protocol = request.transport, request.protocol
        self._server_protocol = connection.protocol
        server = connection.transport
        assert isinstance(server, asyncio.Transport)
        self._server: asyncio.Transport = server
        self._watch = Watch(connection.protocol)
        self._messages = {"server": PassingFrames(answer.MOST), "client": PassingFrames(answer.MOST)}
        self._too_large = False
        self._over = asyncio.get_running_loop().create_future()
        self._ended = False
        self.closing = False
        """Whether a close frame has been seen."""

    async def run(self) -> None:
        """Pass everything on until both connections have ended."""
        response = self._response
        status_line = f"HTTP/1.1 {response.status} {response.reason}"
        pairs = [
            (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
            for name, value in response.raw_headers
        ]
        self._client.write(handshake_to_client(status_line, pairs))
        self._server_protocol.read_timeout = None
        from_client = _Tap(lambda data: self._data("client", data), lambda: self._eof("client"))
        from_server = _Tap(lambda data: self._data("server", data), lambda: self._eof("server"))
        self._client_protocol.set_parser(from_client)  # type: ignore[arg-type]  # any object with these two methods
        self._server_protocol.set_parser(from_server, response.content)
        try:
            await self._over
        finally:
            self._server.close()

    def stop(self) -> None:
        """End both connections because the recording is over."""
        if not self._ended:
            self._end(lambda: None if self.closing else self._line_writer.abort("stopped"))
            self._client.close()
            self._server.close()

    def _data(self, side: Side, data: bytes) -> None:
        source, target = (self._server, self._client) if side == "server" else (self._client, self._server)
        if not target.is_closing():
            target.write(data)
        reader = self._messages[side]
        for message in reader.feed(data):
            self._note(side, message)
        if reader.broken is not None and reader.broken.code == _TOO_LARGE and not self._too_large:
            self._too_large = True
            self._notes.put(_refuse)
        if not target.is_closing() and (target.get_write_buffer_size() > _FULL or self._notes.are_behind()):
            source.pause_reading()
            self._resume_later(source, target)

    def _note(self, side: Side, message: Message) -> None:
        at = self._now()
        if message.opcode in (TEXT, BINARY):
            write = self._line_writer.recv if side == "server" else self._line_writer.send
            binary = message.opcode == BINARY
            self._notes.put(lambda: write(message.data, binary=binary, t=at), lambda: len(message.data))
        elif message.opcode == CLOSE and not self.closing:
            self.closing = True
            self._notes.put(
                lambda: self._line_writer.close(side, message.close_code, message.close_reason, at)
            )

    def _resume_later(self, source: asyncio.Transport, target: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()

        def look() -> None:
            if source.is_closing():
                return
            read = target.get_write_buffer_size() <= _FULL // 2 and not self._notes.are_behind()
            if target.is_closing() or read:
                source.resume_reading()
            else:
                loop.call_later(_LOOK_AGAIN, look)

        loop.call_later(_LOOK_AGAIN, look)

    def _eof(self, side: Side) -> None:
        if side == "server":
            how = self._watch.how
            self._end(lambda: None if self.closing else self._line_writer.abort(how))
            break_off(self._client, how)
        else:
            self._end(lambda: None if self.closing else self._line_writer.abort("gone", "client"))
            self._server.close()

    def _end(self, record: Callable[[], None]) -> None:
        if not self._ended:
            self._ended = True
            if (rest := self._messages["server"].unfinished()) != []:
                size = sum(len(payload) for _, payload in rest)
                self._notes.put(lambda: self._line_writer.unfinished(rest), lambda: size)
            self._notes.put(record)
            self._notes.put(self._line_writer.finish)
            if not self._over.done():
                self._over.set_result(None)


def _refuse() -> None:
    raise answer.TooLarge("a message")
