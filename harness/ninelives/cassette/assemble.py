"""Lines become exchanges: HTTP requests find their answers, WebSocket messages their turns.

A state machine for each connection takes the lines in order. On a socket each `response.create` begins a
turn, and what the server sends belongs to the oldest unfinished turn of its lane (`stream_id`) until that
turn's last event.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

import ninelives.cassette.lines as lines
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.lines import AnyLine

TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
"""Event types after which nothing more of a response comes."""


class _Message(msgspec.Struct):
    type: str = ""
    stream_id: str | None = None


_message = msgspec.json.Decoder(_Message)


def assemble(found: Iterable[AnyLine], numbers: Iterable[int]) -> list[Exchange]:
    """The exchanges of a cassette in the order in which they began; requests without any answer are left
    out.
    """
    exchanges: list[Exchange] = []
    connections: dict[int, _Http | _Socket] = {}
    for line, number in zip(found, numbers, strict=True):
        kind = type(line)
        if kind is lines.EventLine or kind is lines.Recv:
            connection = connections.get(line.c)
            if connection is not None:
                connection.take(line, number)
        elif isinstance(line, lines.Request):
            connections[line.c] = _Http(line, number, exchanges)
        elif isinstance(line, lines.Open):
            refused = line.status != 101
            connections[line.c] = _Http(line, number, exchanges) if refused else _Socket(line, exchanges)
        elif (connection := connections.get(line.c)) is not None:
            connection.take(line, number)
    answered = [exchange for exchange in exchanges if exchange.head or exchange.answers or exchange.last]
    for place, exchange in enumerate(answered, 1):
        exchange.number = place
    return answered


class _Http:
    """One request; a handshake that was refused is an HTTP exchange too."""

    def __init__(self, line: lines.Request | lines.Open, number: int, exchanges: list[Exchange]) -> None:
        self.exchange = Exchange(0, number, line, line)
        exchanges.append(self.exchange)

    def take(self, line: AnyLine, number: int) -> None:
        exchange = self.exchange
        if isinstance(line, lines.EventLine | lines.BodyLine):
            exchange.answers.append(line)
        elif isinstance(line, lines.Response):
            exchange.head = line
        elif isinstance(line, lines.End | lines.Abort):
            exchange.last = line
            exchange.complete = isinstance(line, lines.End)


class _Socket:
    """One WebSocket and its turns."""

    def __init__(self, line: lines.Open, exchanges: list[Exchange]) -> None:
        self.opened, self.exchanges = line, exchanges
        self.running: list[
            tuple[str | None, Exchange]
        ] = []  # unfinished turns with their lanes, oldest first
        self.created: set[int] = set()  # ids of the turns whose response has begun
        self.latest: Exchange | None = None
        self.failed = False  # whether the latest thing was an error frame

    def take(self, line: AnyLine, number: int) -> None:
        if isinstance(line, lines.Recv):
            self._received(line)
        elif isinstance(line, lines.Send):
            self._sent(line, number)
        elif isinstance(line, lines.CloseLine | lines.Abort):
            self._over(line)

    def _sent(self, line: lines.Send, number: int) -> None:
        message = _read(line)
        self.failed = False
        if message.type != "response.create":
            if self.latest is not None:
                self.latest.sent.append(line)
            return
        turn = Exchange(0, number, self.opened, line)
        self.exchanges.append(turn)
        self.running.append((message.stream_id, turn))
        self.latest = turn

    def _received(self, line: lines.Recv) -> None:
        message = _read(line)
        place = self._place(message.stream_id)
        turn = self.running[place][1] if place is not None else self.latest
        if turn is None:
            return
        turn.answers.append(line)
        self.failed = message.type == "error"
        if message.type.startswith("response."):
            self.created.add(id(turn))
        # an error inside a response is followed by response.failed; one instead of a response is all there is
        over = message.type in TERMINAL or (message.type == "error" and id(turn) not in self.created)
        if over and place is not None:
            turn.complete = True
            del self.running[place]

    def _place(self, lane: str | None) -> int | None:
        for place, (wanted, _) in enumerate(self.running):
            if wanted == lane:
                return place
        return 0 if self.running and lane is None else None

    def _over(self, line: lines.CloseLine | lines.Abort) -> None:
        """The socket's end is part of the turns that it cut, and of an error frame that announced it."""
        for _, turn in self.running:
            turn.last = turn.last or line
        if not self.running and self.failed and self.latest is not None and line.by == "server":
            self.latest.last = self.latest.last or line
        self.running.clear()


def _read(line: lines.Send | lines.Recv) -> _Message:
    try:
        return _message.decode(line.data if line.data else lines.exact_bytes(line))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _Message()
