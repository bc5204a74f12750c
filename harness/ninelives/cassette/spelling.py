"""Secrets that are spelled over several deltas: `Speller` reads the deltas of each text as the one text they
make.

A stream gives a text in pieces, and a key in it may fall into any number of them. So what an event spells is
held back from the file (never from the client) while the text so far could still turn out to end in a secret,
together with whatever follows it on the connection. Then the text is redacted as a whole and cut again where
the deltas were cut, so that the deltas still add up to the text that the last events repeat. At most
`LONGEST` bytes of a text are held; no credential is longer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec
from mock_openai.protocol.event_types import TERMINAL

import ninelives.cassette.sse as sse
from ninelives.cassette.redact import Redactor

LONGEST = 16 * 1024
"""Bytes of one text that are held back at most."""

_CONTEXT = 128  # bytes before and after the part that is decided, for what looks behind and ahead
_LAST = TERMINAL | {"error"}
_KEYS = {key: re.compile(b'"%s"\\s*:\\s*' % key.encode()) for key in ("delta", "content", "arguments")}


_BROKEN = re.compile(rb'"(?:delta|content|arguments)"\s*:\s*"((?:[^"\\]|\\.)*)\\?$')


class _Event(msgspec.Struct):
    type: Any = ""
    delta: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()
    stream_id: Any = None
    item_id: Any = None
    output_index: Any = None
    content_index: Any = None
    summary_index: Any = None


class _Function(msgspec.Struct):
    arguments: msgspec.Raw = msgspec.Raw()


class _Call(msgspec.Struct):
    index: Any = 0
    function: _Function = msgspec.field(default_factory=_Function)


class _ChatDelta(msgspec.Struct):
    content: msgspec.Raw = msgspec.Raw()
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: Any = 0
    delta: _ChatDelta = msgspec.field(default_factory=_ChatDelta)


_event = msgspec.json.Decoder(_Event)
_choices = msgspec.json.Decoder(list[_Choice])
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

Name = tuple[Any, ...]
"""What tells one text from another: side, lane, kind, and the place in the response."""


@dataclass(slots=True, eq=False)
class _Piece:
    """One delta: where its text stands in its event, and what is to stand there."""

    name: Name
    start: int
    end: int
    clean: bytes | None = None


@dataclass(slots=True)
class _Held:
    data: bytes
    pieces: list[_Piece]
    give: Callable[[bytes], None]


@dataclass(slots=True)
class _Text:
    """One text as far as it has come."""

    data: bytes = b""
    decided: int = 0
    """Up to here it has been redacted."""
    waiting: list[tuple[int, _Piece]] = field(default_factory=list)
    """The deltas after that, each with the place at which it ends."""


class Speller:
    """Takes the events of one connection and gives them back in their order, redacted.

    `give` is called with an event's bytes once its text is decided: at once, as a rule.
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
        """An event or a message; `framed` when it is a block of an event stream."""
        if not self._redactor.enabled:
            give(data)
            return
        pieces, ended = _read(data, side, framed, bool(self._texts))
        if not pieces and ended is None and self._latest is not None:
            pieces = _half(data, self._latest)
        for piece in pieces:
            self._latest = piece.name
            text = self._texts.setdefault(piece.name, _Text())
            text.data += data[piece.start : piece.end]
            text.waiting.append((len(text.data), piece))
            self._decide(text, over=len(text.data) - text.decided > LONGEST)
        if ended is not None:
            self._end(ended)
        self._held.append(_Held(data, pieces, give))
        self._release()

    def put(self, give: Callable[[], None]) -> None:
        """Something else, whose place is after what is held."""
        if self._held:
            self._held.append(_Held(b"", [], lambda _: give()))
        else:
            give()

    def flush(self) -> None:
        """Nothing more comes: what is held is decided as it stands."""
        self._end(())
        self._release()

    def _end(self, name: Name) -> None:
        """The text of this name is complete, or all whose names begin so."""
        for each in [each for each in self._texts if each[: len(name)] == name]:
            self._decide(self._texts.pop(each), over=True)

    def _decide(self, text: _Text, *, over: bool) -> None:
        limit = len(text.data) if over else self._redactor.undecided(text.data, text.decided)
        ends = [end for end, _ in text.waiting if end <= limit]
        if not ends:
            return
        secrets = self._redactor.secrets(text.data, text.decided)
        for start, end in sorted(secrets, reverse=True):
            while ends and start < ends[-1] < end:
                ends.pop()  # a secret is decided whole
        if not ends:
            return
        base = max(0, text.decided - _CONTEXT)
        marks = [at - base for at in (text.decided, *ends)]
        near = text.data[base : ends[-1] + _CONTEXT]
        clean = self._redactor.pieces(near, marks) if secrets else [near[a:b] for a, b in pairwise(marks)]
        for (_, piece), part in zip(text.waiting, clean, strict=False):
            piece.clean = part
        shift = max(0, ends[-1] - _CONTEXT)
        text.waiting = [(end - shift, piece) for end, piece in text.waiting[len(ends) :]]
        text.data, text.decided = text.data[shift:], ends[-1] - shift

    def _release(self) -> None:
        while self._held and all(piece.clean is not None for piece in self._held[0].pieces):
            first = self._held.popleft()
            if first.data:
                first.give(self._clean(first.data, first.pieces))
            else:
                first.give(b"")

    def _clean(self, data: bytes, pieces: list[_Piece]) -> bytes:
        parts, places, done, length = [], [], 0, 0
        for piece in pieces:
            assert piece.clean is not None
            before = data[done : piece.start]
            places += [length + len(before), length + len(before) + len(piece.clean)]
            parts += [before, piece.clean]
            length, done = places[-1], piece.end
        whole = b"".join(parts) + data[done:]
        return self._redactor.around(whole, places)


def spelled(
    data: bytes, *, side: str = "server", framed: bool, open_texts: bool
) -> tuple[list[tuple[Name, bytes]], Name | None]:
    """The texts that an event adds to, by name, as they stand in it; and the beginning of the names of those
    it ends, which is looked for only while there are `open_texts`.
    """
    pieces, ended = _read(data, side, framed, open_texts)
    return [(piece.name, data[piece.start : piece.end]) for piece in pieces], ended


def _read(data: bytes, side: str, framed: bool, open_texts: bool) -> tuple[list[_Piece], Name | None]:
    """The deltas in an event, and the name (or its beginning) of the texts that it ends."""
    if b'"delta"' not in data and not open_texts:
        return [], None
    try:
        event = _event.decode(sse.parse(data)[1] if framed else data)
    except _UNREADABLE:
        return [], None
    found: list[tuple[Name, str, bytes]] = []
    kind = event.type if isinstance(event.type, str) else ""
    lane: Name = (side, repr(event.stream_id))
    text = bytes(event.delta)
    base, _, what = kind.rpartition(".")
    place = event.item_id if event.output_index is None else event.output_index
    name = (*lane, base, repr(place), repr(event.content_index), repr(event.summary_index))
    if text.startswith(b'"'):
        found.append((name, "delta", text))
    elif event.choices:
        found += _chat(bytes(event.choices), lane)
    ended = lane if kind in _LAST else name if what == "done" and not found else None
    return _placed(data, found), ended


def _half(data: bytes, name: Name) -> list[_Piece]:
    """The delta of an event that breaks off in the middle of it: more of the text that was spelled last."""
    found = _BROKEN.search(data)
    return [_Piece(name, *found.span(1))] if found else []


def _chat(choices: bytes, lane: Name) -> list[tuple[Name, str, bytes]]:
    found: list[tuple[Name, str, bytes]] = []
    try:
        decoded = _choices.decode(choices)
    except _UNREADABLE:
        return []
    for choice in decoded:
        texts = [((repr(choice.index), "content"), "content", bytes(choice.delta.content))]
        for call in choice.delta.tool_calls or []:
            texts.append(
                ((repr(choice.index), repr(call.index)), "arguments", bytes(call.function.arguments))
            )
        found += [((*lane, *name), key, text) for name, key, text in texts if text.startswith(b'"')]
    return found


def _placed(data: bytes, found: list[tuple[Name, str, bytes]]) -> list[_Piece]:
    """Where the texts stand, quotes left out; of a key that is repeated the last place, as JSON has it."""
    pieces: list[_Piece] = []
    done = 0
    for name, key, text in found:
        there = [at.end() for at in _KEYS[key].finditer(data, done) if data.startswith(text, at.end())]
        if there:
            start = there[-1] if len(found) == 1 else there[0]
            done = start + len(text)
            pieces.append(_Piece(name, start + 1, done - 1))
    return pieces
