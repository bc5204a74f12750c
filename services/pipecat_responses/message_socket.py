"""A WebSocket that delivers every message in the call that received its bytes.

The websockets library reads frames with generators and passes each message through a queue and a coroutine,
which costs more than everything else per delta. Nearly every frame of an answer is a whole, plain message:
those are read here. Everything else is left to the library: the handshake, pings, closing, and all frames
from the first fragment or compressed frame on.
"""

from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection

from .sizes import MOST_BYTES

__all__ = ["MessageCutter", "MessageSocket"]

_WHOLE_TEXT, _WHOLE_BINARY = 0x81, 0x82
_CONTROL = frozenset({0x88, 0x89, 0x8A})
"""First bytes of plain close, ping and pong frames."""
_END_OF_HEAD = b"\r\n\r\n"


class MessageCutter:
    """Cuts a server's bytes into frames (RFC 6455, section 5.2). No I/O; pieces of any size.

    ``messages`` gets the payloads of whole data frames that came together, ``other`` the bytes of whole
    control frames, in their order. From the first frame of any other kind on, or one that is too large, all
    bytes go to ``other`` as they arrive.
    """

    def __init__(self, messages: Callable[[list[bytes]], None], other: Callable[[bytes], None]) -> None:
        self.messages = messages
        self._other = other
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = 0
        self._given_up = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._given_up:
            self._other(data)
            return
        if self._pieces:
            self._pieces.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return
            data = b"".join(self._pieces)
            self._pieces.clear()
        whole: list[bytes] = []
        at, end = 0, len(data)
        needed = 2
        while end - at >= 2:
            first, length, start = data[at], data[at + 1], at + 2
            if length > 125:
                start += 2 if length == 126 else 8
                if start > end:
                    needed = start - at
                    break
                if length == 126:
                    length = data[at + 2] << 8 | data[at + 3]  # nearly every event; three times as fast
                else:
                    length = int.from_bytes(data[at + 2 : start], "big") if length == 127 else -1
            stop = start + length
            if stop > end and length <= MOST_BYTES:
                needed = stop - at
                break
            if (
                stop > end
                or length < 0
                or (first != _WHOLE_TEXT and first != _WHOLE_BINARY and first not in _CONTROL)
            ):
                self._given_up = True
                self._hand_over(whole)
                self._other(data[at:])
                return
            if first < 0x88:
                whole.append(data[start:stop])
            else:
                self._hand_over(whole)
                whole = []
                self._other(data[at:stop])
            at = stop
        self._hand_over(whole)
        if at < end:
            self._pieces.append(data[at:])
            self._held, self._needed = end - at, needed

    def _hand_over(self, whole: list[bytes]) -> None:
        if whole:
            self.messages(whole)


class MessageSocket(ClientConnection):
    """An open WebSocket. Messages that ``on_messages`` does not deliver come from ``recv``, after it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = b""
        self._early: list[bytes] = []
        self._cutter = MessageCutter(self._early.extend, super().data_received)
        self._feed: Callable[[bytes], None] = self._feed_head

    def on_messages(self, take: Callable[[list[bytes]], None]) -> None:
        """Deliver the messages of each read to ``take``, including those that have come already."""
        early, self._early = self._early, []
        self._cutter.messages = take
        if early:
            take(early)

    def data_received(self, data: bytes) -> None:
        """Receive the next bytes from the event loop."""
        self._feed(data)

    def _feed_head(self, data: bytes) -> None:
        """Pass on the answer to the handshake, up to its last byte, to the library."""
        fed = len(self._head)
        self._head += data
        end = self._head.find(_END_OF_HEAD)
        if end < 0:
            super().data_received(data)
            return
        upgraded = self._head.split(b" ", 2)[1:2] == [b"101"]
        rest = super().data_received
        self._feed = self._cutter.feed if upgraded else rest
        boundary = end + len(_END_OF_HEAD) - fed
        self._head = b""
        rest(data[:boundary])
        if len(data) > boundary:
            self._feed(data[boundary:])
