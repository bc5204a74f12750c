"""Turns lines into exchanges: HTTP requests with their answers, WebSocket messages with their turns.

A state machine for each connection takes the lines in order; `Turns` finds the turn of a WebSocket message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ninelives.cassette.lines as lines
import ninelives.cassette.turns as turns
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.lines import AnyLine


def assemble(found: Iterable[AnyLine], numbers: Iterable[int]) -> list[Exchange]:
    """Return the exchanges of a cassette in the order in which they began; requests without any answer are
    left out.
    """
    exchanges: list[Exchange] = []
    assembly = Assembly(exchanges.append)
    for line, number in zip(found, numbers, strict=True):
        assembly.take(line, number)
    answered = [exchange for exchange in exchanges if exchange.head or exchange.answers or exchange.last]
    for place, exchange in enumerate(answered, 1):
        exchange.number = place
    return answered


class Assembly:
    """Takes lines in order. `begun` is called with each exchange when it begins; only the last exchange of
    each connection is kept.
    """

    def __init__(self, begun: Callable[[Exchange], None]) -> None:
        self._begun = begun
        self._connections: dict[int, _Http | _Socket] = {}

    def take(self, line: AnyLine, number: int) -> Exchange | None:
        """Return the exchange of a line; None if it belongs to none, or to several."""
        kind = type(line)
        if kind is lines.EventLine or kind is lines.Recv:
            connection = self._connections.get(line.c)
            return connection.take(line, number) if connection is not None else None
        if isinstance(line, lines.Request):
            connection = self._connections[line.c] = _Http(line, number, self._begun)
            return connection.exchange
        if isinstance(line, lines.Open):
            if line.status == 101:
                self._connections[line.c] = _Socket(line, self._begun)
                return None
            connection = self._connections[line.c] = _Http(line, number, self._begun)
            return connection.exchange
        connection = self._connections.get(line.c)
        return connection.take(line, number) if connection is not None else None

    def forget(self, c: int) -> None:
        """Forget a connection that has ended; later lines of it belong to no exchange."""
        self._connections.pop(c, None)


class _Http:
    """One request; a handshake that was refused is an HTTP exchange too."""

    def __init__(
        self, line: lines.Request | lines.Open, number: int, begun: Callable[[Exchange], None]
    ) -> None:
        self.exchange = Exchange(0, number, line, line)
        begun(self.exchange)

    def take(self, line: AnyLine, number: int) -> Exchange:
        exchange = self.exchange
        if isinstance(line, lines.EventLine | lines.BodyLine):
            exchange.answers.append(line)
        elif isinstance(line, lines.Response):
            exchange.head = line
        elif isinstance(line, lines.End | lines.Abort):
            exchange.last = line
            exchange.complete = isinstance(line, lines.End)
        return exchange


class _Socket:
    """One WebSocket and its turns."""

    def __init__(self, line: lines.Open, begun: Callable[[Exchange], None]) -> None:
        self.opened, self.begun = line, begun
        self.turns: turns.Turns[Exchange] = turns.Turns()

    def take(self, line: AnyLine, number: int) -> Exchange | None:
        if isinstance(line, lines.Recv):
            return self._received(line)
        if isinstance(line, lines.Send):
            return self._sent(line, number)
        if isinstance(line, lines.Part):
            return self._part(line)
        if isinstance(line, lines.CloseLine | lines.Abort):
            self._over(line)
        return None

    def _sent(self, line: lines.Send, number: int) -> Exchange | None:
        message = turns.read(line.data or lines.exact_bytes(line))
        latest = self.turns.latest
        if message.type == turns.BEGINS:
            turn = Exchange(0, number, self.opened, line)
            self.begun(turn)
            self.turns.begin(message.stream_id, turn)
            return turn
        if latest is not None:
            latest.sent.append(line)
        return latest

    def _received(self, line: lines.Recv) -> Exchange | None:
        turn, over = self.turns.receive(turns.read(line.data or lines.exact_bytes(line)))
        if turn is not None:
            turn.answers.append(line)
            turn.complete = turn.complete or over
        return turn

    def _part(self, line: lines.Part) -> Exchange | None:
        turn = self.turns.running[0][1] if self.turns.running else self.turns.latest
        if turn is not None:
            turn.parts.append(line)
        return turn

    def _over(self, line: lines.CloseLine | lines.Abort) -> None:
        """Add the socket's end to the turns that it cut off; an end by the server also to the last turn."""
        running, latest = self.turns.running, self.turns.latest
        for _, turn in running:
            turn.last = turn.last or line
        stopped = isinstance(line, lines.Abort) and line.how == "stopped"
        if not running and latest is not None and line.by == "server" and not stopped:
            latest.last = latest.last or line
        running.clear()
