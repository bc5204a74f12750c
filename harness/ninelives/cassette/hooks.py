"""The user's hooks on a recording: `before_record_request` and `before_record_response`, as in vcrpy.

If a hook drops one side of an exchange, the other side is dropped too. So with a hook on answers, the line of
a request waits for the first line of its answer that is kept; without one every line is written at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ninelives.cassette.turns as turns
from ninelives.cassette.redact import Pairs, RecordedRequest, Redactor

ACCEPTED = 101
"""The status of a handshake that was accepted."""


@dataclass(slots=True, eq=False)
class _Turn:
    """A turn on a socket: whether its request was kept, and its line while that waits for an answer."""

    kept: bool
    line: bytes | None = None
    refused: bool = False
    """Whether some of its answer was dropped."""


@dataclass(slots=True)
class Hooks:
    """Calls the hooks for one connection, and passes on what they keep."""

    redactor: Redactor
    emit: Callable[[bytes], None]
    _uri: str = ""
    _status: int = 0
    _headers: dict[str, str] = field(default_factory=dict)
    _muted: bool = False
    _asked: bytes | None = None
    """The request's line, while it waits for its answer."""
    _head: Callable[[int, dict[str, str]], bytes] | None = None
    """Renders the head of a plain answer, while that waits for its body."""
    _turns: turns.Turns[_Turn] = field(default_factory=turns.Turns)

    def clean(self, text: str) -> str:
        """Return a text without secrets."""
        return self.redactor.string(text)

    def write(self, line: bytes) -> None:
        """Write a line, and before it the request's line if that still waits."""
        if self._muted:
            return
        if self._asked is not None:
            asked, self._asked = self._asked, None
            self.emit(asked)
        self.emit(line)

    # HTTP

    def request(self, method: str, path: str, headers: Pairs, body: bytes) -> RecordedRequest | None:
        """Return a request or a handshake as it is to be written; None if it is dropped with everything
        that follows.
        """
        seen = self._ask(method, path, headers, body)
        self._muted = seen is None
        return seen

    def ask(self, line: bytes) -> None:
        """Take the request's line."""
        if self._waits:
            self._asked = line
        else:
            self.write(line)

    def head(self, status: int, headers: Pairs, render: Callable[[int, dict[str, str]], bytes]) -> bool:
        """Take the head of an answer; return True if a stream follows."""
        self._status, self._headers = status, self.redactor.kept_headers(headers)
        stream = self._headers.get("content-type", "").lower().startswith("text/event-stream")
        if self._waits and not stream:
            self._head = render
        elif (seen := self._hear(b"")) is None:
            self._drop()
        else:
            self._status, self._headers = int(seen["status"]["code"]), dict(seen["headers"])
            self.write(render(self._status, self._headers))
        return stream

    def body(self, clean: bytes) -> bytes | None:
        """Return the body of a plain answer, b"" at its end; None if it is dropped together with the
        request.
        """
        if self._head is None:
            return clean
        render, self._head = self._head, None
        seen = self._hear(clean)
        if seen is None:
            self._drop()
            return None
        self.write(render(int(seen["status"]["code"]), dict(seen["headers"])))
        exact: bytes = seen["body"]["string"]
        return exact

    def event(self, clean: bytes) -> bytes | None:
        """Return an event of a stream; None if this event is dropped."""
        seen = None if self._muted else self._hear(clean)
        return None if seen is None else seen["body"]["string"]

    # WebSocket

    def opened(self, uri: str, status: int, answer: Pairs) -> dict[str, str]:
        """Note a handshake that was kept; return the headers of its answer."""
        self._uri, self._status, self._headers = uri, status, self.redactor.kept_headers(answer)
        return self._headers

    def shake(self, line: bytes) -> None:
        """Take the handshake's line; that of a refused handshake waits for the body."""
        if self._waits and self._status != ACCEPTED:
            self._head = lambda status, kept: line
        else:
            self.write(line)

    def message(self, clean: bytes) -> bytes | None:
        """Return a client's message as the hook changes it; None if the hook drops it, with the turn that it
        would begin.
        """
        seen = None if self._muted else self._ask("WS", self._uri, (), clean)
        if seen is None and not self._muted and (message := turns.read(clean)).type == turns.BEGINS:
            self._turns.begin(message.stream_id, _Turn(kept=False))
        return None if seen is None else seen.body

    def begin(self, data: bytes, line: bytes) -> None:
        """Take the line of a message that was kept."""
        if self._hooked and (message := turns.read(data)).type == turns.BEGINS:
            self._turns.begin(message.stream_id, _Turn(kept=True, line=line if self._waits else None))
            if self._waits:
                return
        self.write(line)

    def heard(self, clean: bytes) -> bytes | None:
        """Return a message from the server; None if it is dropped, or belongs to a turn that was dropped."""
        if self._muted or not self._hooked:
            return None if self._muted else clean
        turn, over = self._turns.receive(turns.read(clean))
        if turn is not None and not turn.kept:
            return None
        seen = self._hear(clean)
        if turn is not None and turn.line is not None:
            line, turn.refused = turn.line, turn.refused or seen is None
            if seen is not None or over:
                turn.line = None
            if seen is not None:
                self.write(line)
        return None if seen is None else seen["body"]["string"]

    @property
    def holding(self) -> bool:
        """Whether the line of a request waits for its answer."""
        return self._asked is not None or any(turn.line is not None for _, turn in self._turns.running)

    def finish(self) -> None:
        """Write the request that still waits for its answer, because nothing more comes."""
        asked, self._asked = self._asked, None
        if asked is not None and not self._muted and self._head is None:
            self.write(asked)
        waiting, self._turns.running = self._turns.running, []
        for _, turn in waiting:
            if turn.line is not None and not turn.refused:
                self.write(turn.line)

    # inside

    @property
    def _waits(self) -> bool:
        return self.redactor.before_record_response is not None

    @property
    def _hooked(self) -> bool:
        return self._waits or self.redactor.before_record_request is not None

    def _drop(self) -> None:
        self._muted, self._asked = True, None

    def _ask(self, method: str, path: str, headers: Pairs, body: bytes) -> RecordedRequest | None:
        clean = RecordedRequest(method, self.clean(path), self.redactor.kept_headers(headers), body)
        hook = self.redactor.before_record_request
        return hook(clean) if hook else clean

    def _hear(self, body: bytes) -> dict[str, Any] | None:
        seen = {
            "status": {"code": self._status, "message": ""},
            "headers": self._headers,
            "body": {"string": body},
        }
        hook = self.redactor.before_record_response
        return hook(seen) if hook else seen
