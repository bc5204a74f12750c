"""One WebSocket to upstream: the turns of one client's socket, each lane in its order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable
from itertools import count
from typing import Any

import aiohttp

from mock_openai.protocol import json
from mock_openai.protocol.event_types import ENDS
from mock_openai.protocol.events import Event
from mock_openai.responders.answer import Close, Cut
from mock_openai.upstream.stream import Head, Size, TooLarge, head_of

CONNECT_WITHIN, SILENT_AT_MOST = 10.0, 600.0
"""Seconds to connect, and seconds of silence after which the socket is given up. The second is that of
OpenAI's own clients; if a client gives up earlier, the request ends here too.
"""
CLOSE_WITHIN = 1.0
"""Seconds that the other server has to answer a close frame."""
_AFTER_ERROR = 5.0
"""Seconds for the `response.failed` that follows an `error` event within a stream; some servers send none."""


_AT_ONCE = 100
"""Frames that are read before other tasks run."""


class UpstreamTurn:
    """One turn on the socket: its frames, up to the last."""

    def __init__(self) -> None:
        self.over = False
        """Whether its last frame, or the end of the socket, has come."""
        self._frames: deque[Event] = deque()
        self._cut: Cut | None = None
        self._news = asyncio.Event()
        self._failing = False
        self._size = Size()

    def add(self, event: Event, head: Head) -> None:
        """Add a frame of this turn. Raises TooLarge."""
        self._size.add(len(event.data), 1)
        self._frames.append(event)
        self._failing = head.type == "error"
        # An error frame that refuses a create comes alone; one within a stream has a sequence number, and a
        # terminal event follows.
        self.over = head.type in ENDS or (self._failing and head.sequence_number is None)
        self._news.set()

    def break_off(self, cut: Cut) -> None:
        """Note that the socket is gone."""
        self.over, self._cut = True, cut
        self._news.set()

    async def events(self) -> AsyncGenerator[list[Event], None]:
        """Yield the frames as they arrive, in batches. Raises Cut if the stream breaks off."""
        while True:
            if not self._frames and not self.over:
                self._news.clear()
                try:
                    await asyncio.wait_for(
                        self._news.wait(), _AFTER_ERROR if self._failing else SILENT_AT_MOST
                    )
                except TimeoutError:
                    self.over = True
                    self._cut = None if self._failing else Cut("fin")
            if self._frames:
                batch = list(self._frames)
                self._frames.clear()
                yield batch
            elif self._cut is not None:
                raise self._cut
            elif self.over:
                return


class UpstreamSocket:
    """An open WebSocket to upstream, and the turns under way on it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, on_created: Callable[[bytes], None]) -> None:
        self._socket = socket
        self._note_created = on_created
        self._turns: dict[str | None, deque[UpstreamTurn]] = {}
        self._reader = asyncio.get_running_loop().create_task(self._read())

    @property
    def usable(self) -> bool:
        """Whether another turn can be sent on it."""
        return not self._socket.closed and not self._reader.done()

    async def ask(self, body: dict[str, Any]) -> UpstreamTurn:
        """Send a create. Raises ConnectionError if the socket is gone."""
        turn = UpstreamTurn()
        # Upstream queues the turns of a lane too, so a frame belongs to the first unfinished turn, even if
        # nobody listens to it any more.
        self._turns.setdefault(body.get("stream_id"), deque()).append(turn)
        await self._socket.send_str(json.compact({"type": "response.create", **body}).decode())
        return turn

    async def close(self) -> None:
        """Hang up."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        with contextlib.suppress(TimeoutError):  # aiohttp's own limit begins anew with each frame that comes
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._socket.close()

    async def _read(self) -> None:
        try:
            for number in count(1):
                message = await self._socket.receive()
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # many may have come at once
                if message.type is aiohttp.WSMsgType.PING:
                    with contextlib.suppress(ConnectionError):  # it is gone: what it sent before is read on
                        await self._socket.pong(message.data)
                elif message.type is aiohttp.WSMsgType.PONG:
                    continue
                elif message.type is aiohttp.WSMsgType.TEXT:
                    self._receive(message.data.encode())
                elif message.type is aiohttp.WSMsgType.BINARY:
                    self._receive(message.data, binary=True)
                else:
                    break
        except TooLarge:
            return  # the socket is closed before another turn needs one
        finally:
            cut = self._how_it_ended()
            for waiting in self._turns.values():
                for turn in waiting:
                    turn.break_off(cut)
            self._turns.clear()

    def _receive(self, data: bytes, *, binary: bool = False) -> None:
        head = head_of(data)
        if head.type == "response.created":
            self._note_created(data)
        waiting = self._turns.get(head.stream_id)
        if not waiting:
            return  # about the connection, not about a turn: the end of the socket follows
        waiting[0].add(Event(head.type or "message", data, binary=binary), head)
        if waiting[0].over:
            waiting.popleft()
            if not waiting:
                del self._turns[head.stream_id]

    def _how_it_ended(self) -> Cut:
        code = self._socket.close_code
        if code is None or code == 1006:
            return Cut("reset" if isinstance(self._socket.exception(), OSError) else "fin")
        return Cut(Close(code))
