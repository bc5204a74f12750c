"""The possible answers of a responder: a Reply, which becomes events; a recorded or relayed answer, which is
repeated byte for byte; or an error.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event, Timed
from mock_openai.protocol.reply import Reply


@dataclass(frozen=True, slots=True)
class Close:
    """A recorded WebSocket close: its code and reason."""

    code: int
    reason: str = ""


Ending = Literal["end", "reset", "fin"] | Close
"""How a recorded answer ended: in good order, by a connection that broke, or by a WebSocket close."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded answer, repeated byte for byte.

    `events` is set for streams and sockets, `body` for plain bodies, `chunks` are the network reads of a
    stream as (seconds since the turn began, bytes) when the recording kept them. `ending` is how the recorded
    answer ended: "end" in good order, "fin" or "reset" by a connection that broke, or a WebSocket close.
    `ends` is when that was, in seconds since the turn began; if a turn was finished long before its socket
    ended, the server serves other turns meanwhile. `tail` are bytes that leave after the last event: half a
    body or half a frame. b"" means that only the head of the answer arrived.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Timed, ...] = ()
    body: bytes | None = None
    ending: Ending = "end"
    chunks: tuple[tuple[float, bytes], ...] | None = None
    ends: float = 0.0
    tail: bytes | None = None


class Cut(Exception):
    """A relayed answer has broken off: how, and with which bytes of its next event."""

    def __init__(self, ending: Ending, rest: bytes = b"") -> None:
        super().__init__(ending, rest)
        self.ending = ending
        self.rest = rest


@dataclass(frozen=True, slots=True, eq=False)
class Relayed:
    """An answer that an upstream server is sending now.

    `events` yields the events in batches as they come. It raises Cut if the answer breaks off, and is closed
    when nobody needs the rest.
    """

    events: AsyncGenerator[list[Event], None]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Reply | Recorded | Relayed | ApiError
