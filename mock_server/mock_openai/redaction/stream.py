"""Secrets that several deltas spell: `StreamRedactor` reads the deltas of each text as one text.

A stream gives a text in pieces, and a key in it may fall into any number of them. So an event is held back
from the file (never from the client) while its text could still turn out to end in a secret, together with
everything that follows it on the connection. Then the text, without the escapes that its deltas have, is
redacted as a whole, cut where the deltas were cut, and written back with the escapes that were there: the
deltas still add up to the text that the last events repeat. At most `LONGEST` bytes of a text are held back;
no credential is longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import mock_openai.redaction.deltas as deltas
from mock_openai.redaction.deltas import Name, Piece
from mock_openai.redaction.edits import Edit, applied

LONGEST = 16 * 1024
"""Bytes of one text that are held back at most."""

CONTEXT = 512
"""Bytes before and after the decided part, for rules that look behind and ahead."""


class Redactor(Protocol):
    """Interface: finds the secrets in a text."""

    @property
    def enabled(self) -> bool:
        """Whether it finds secrets at all."""

    def edits(self, data: bytes, *, broken: bool = False) -> list[Edit]:
        """Return what must change in a text, in order, without overlaps. When it was `broken` off, the
        beginning of a secret at its end is one too.
        """

    def undecided(self, data: bytes, start: int) -> int:
        """Return the position from `start` on, after which later text could turn the end into a secret."""


@dataclass(slots=True)
class _Held:
    data: bytes
    pieces: list[Piece]
    give: Callable[[bytes], None]


@dataclass(slots=True)
class _Text:
    """One text, as far as it has arrived."""

    data: bytes = b""
    decided: int = 0
    """The text before this position has been redacted."""
    waiting: list[tuple[int, Piece]] = field(default_factory=list)
    """The deltas after that position, each with the position at which it ends."""


class StreamRedactor:
    """Takes the events of one connection and gives them back in their order, redacted.

    `give` is called with an event's bytes once its text is decided: with the next event, as a rule.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._texts: dict[Name, _Text] = {}
        self._latest: Name | None = None
        self._held: deque[_Held] = deque()

    @property
    def holding(self) -> bool:
        """Whether anything is held back."""
        return bool(self._held)

    def take(self, data: bytes, give: Callable[[bytes], None], side: str = "server", *, framed: bool) -> None:
        """Take an event or a message; `framed` when it is a block of an event stream."""
        if not self._redactor.enabled:
            give(data)
            return
        pieces, ended = deltas.read(data, side, framed=framed, open_texts=bool(self._texts))
        if not pieces and ended is None and self._latest is not None:
            pieces = deltas.broken(data, self._latest)
        for piece in pieces:
            self._latest = piece.name
            text = self._texts.setdefault(piece.name, _Text())
            text.data += piece.text
            text.waiting.append((len(text.data), piece))
            self._decide(text, over=len(text.data) - text.decided > LONGEST)
        if ended is not None:
            self._end(ended)
        self._held.append(_Held(data, pieces, give))
        self._release()

    def put(self, give: Callable[[], None]) -> None:
        """Take something else, which belongs after the held events."""
        if self._held:
            self._held.append(_Held(b"", [], lambda _: give()))
        else:
            give()

    def flush(self) -> None:
        """Release everything that is held, because nothing more comes."""
        self._end((), broken=True)
        self._release()

    def _end(self, name: Name, *, broken: bool = False) -> None:
        """The text of this name is over, or all whose names begin so: complete, or `broken` off."""
        for each in [each for each in self._texts if each[: len(name)] == name]:
            self._decide(self._texts.pop(each), over=True, broken=broken)

    def _decide(self, text: _Text, *, over: bool, broken: bool = False) -> None:
        limit = len(text.data) if over else self._redactor.undecided(text.data, text.decided)
        count = sum(end <= limit for end, _ in text.waiting)
        if not count:
            return
        base = max(0, text.decided - CONTEXT)
        edits = self._redactor.edits(text.data[base:], broken=broken)
        for edit in reversed(edits):
            while count and edit.start < text.waiting[count - 1][0] - base < edit.end:
                count -= 1  # a secret is decided as a whole
        if not count:
            return
        for end, piece in text.waiting[:count]:
            piece.edits = piece.changed(edits, end - base - len(piece.text))
        end = text.waiting[count - 1][0]
        shift = max(0, end - CONTEXT)
        text.data, text.decided = text.data[shift:], end - shift
        text.waiting = [(end - shift, piece) for end, piece in text.waiting[count:]]

    def _release(self) -> None:
        while self._held and all(piece.edits is not None for piece in self._held[0].pieces):
            first = self._held.popleft()
            first.give(self._clean(first.data, first.pieces) if first.data else b"")

    def _clean(self, data: bytes, pieces: list[Piece]) -> bytes:
        """An event with its deltas as decided, and the rest of it redacted."""
        broken = not data.endswith((b"}", b"\n", b"\r", b"]"))
        edits = [
            edit
            for edit in self._redactor.edits(data, broken=broken)
            if not any(piece.start < edit.end and edit.start < piece.end for piece in pieces)
        ]
        edits += [edit for piece in pieces for edit in piece.edits or ()]
        return applied(data, sorted(edits, key=lambda edit: edit.start))
