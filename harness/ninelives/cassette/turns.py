"""Finds the turn of a message on a socket. Each `response.create` begins a turn, and what the server sends
belongs to the oldest unfinished turn of its lane (`stream_id`) until that turn's last event.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
from mock_openai.protocol.event_types import DONE, TERMINAL

BEGINS = "response.create"
"""The type of the message that begins a turn."""


class Message(msgspec.Struct):
    """The fields of a message that decide its turn."""

    type: str = ""
    stream_id: str | None = None


_message = msgspec.json.Decoder(Message)
Turn = TypeVar("Turn")


def read(data: bytes | msgspec.Raw) -> Message:
    """Parse a message; one without a type if it is not a JSON object."""
    try:
        return _message.decode(data)
    except (ValueError, RecursionError):
        return Message()


class Turns(Generic[Turn]):
    """The turns of one socket; the caller chooses what represents a turn."""

    def __init__(self) -> None:
        self.running: list[tuple[str | None, Turn]] = []
        """Unfinished turns with their lanes, oldest first."""
        self.latest: Turn | None = None
        """The turn that began last."""
        self._created: set[int] = set()  # ids of the turns whose response has begun

    def begin(self, lane: str | None, turn: Turn) -> None:
        """Begin a turn: the client requested a response."""
        self.running.append((lane, turn))
        self.latest = turn

    def receive(self, message: Message) -> tuple[Turn | None, bool]:
        """Return the turn of a message from the server, and whether that turn is now finished."""
        place = self._place(message.stream_id)
        turn = self.running[place][1] if place is not None else self.latest
        if turn is None:
            return None, False
        begun = id(turn) in self._created
        if message.type.startswith("response."):
            self._created.add(id(turn))
        # `response.failed` follows an error inside a response; an error instead of a response comes alone. A
        # `response.done` may follow the event that ended the previous turn.
        over = (
            message.type in TERMINAL
            or (message.type == DONE and begun)
            or (message.type == "error" and not begun)
        )
        if over and place is not None:
            del self.running[place]
            self._created.discard(id(turn))  # the next turn may get the same `id()`
            return turn, True
        return turn, False

    def _place(self, lane: str | None) -> int | None:
        for place, (wanted, _) in enumerate(self.running):
            if wanted == lane:
                return place
        return 0 if self.running and lane is None else None
