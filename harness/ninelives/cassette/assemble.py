"""Lines become exchanges: HTTP requests find their answers, WebSocket messages their turns.

A state machine for each connection takes the lines in order; whose a message on a socket is, `Turns` knows.
"""

from __future__ import annotations

from collections.abc import Iterable

import ninelives.cassette.lines as lines
import ninelives.cassette.turns as turns
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.lines import AnyLine


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
        self.turns: turns.Turns[Exchange] = turns.Turns()

    def take(self, line: AnyLine, number: int) -> None:
        if isinstance(line, lines.Recv):
            self._received(line)
        elif isinstance(line, lines.Send):
            self._sent(line, number)
        elif isinstance(line, lines.Part):
            self._part(line)
        elif isinstance(line, lines.CloseLine | lines.Abort):
            self._over(line)

    def _sent(self, line: lines.Send, number: int) -> None:
        message = turns.read(line.data or lines.exact_bytes(line))
        latest = self.turns.latest
        if message.type == turns.BEGINS:
            turn = Exchange(0, number, self.opened, line)
            self.exchanges.append(turn)
            self.turns.begin(message.stream_id, turn)
        elif latest is not None:
            latest.sent.append(line)

    def _received(self, line: lines.Recv) -> None:
        turn, over = self.turns.receive(turns.read(line.data or lines.exact_bytes(line)))
        if turn is not None:
            turn.answers.append(line)
            turn.complete = turn.complete or over

    def _part(self, line: lines.Part) -> None:
        turn = self.turns.running[0][1] if self.turns.running else self.turns.latest
        if turn is not None:
            turn.parts.append(line)

    def _over(self, line: lines.CloseLine | lines.Abort) -> None:
        """The socket's end is part of the turns that it cut; by the server, also of the last turn."""
        running, latest = self.turns.running, self.turns.latest
        for _, turn in running:
            turn.last = turn.last or line
        stopped = isinstance(line, lines.Abort) and line.how == "stopped"
        if not running and latest is not None and line.by == "server" and not stopped:
            latest.last = latest.last or line
        running.clear()
