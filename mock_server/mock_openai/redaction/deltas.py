"""Finds the texts to which an event adds, and the place of each piece in the event.

Events of the Responses API and of the Realtime API carry a piece as `delta`, whatever kind of text it is;
chunks of chat completions carry it under `choices`, and Anthropic's deltas as an object. A piece is read
without its escapes, and changes are written back with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from mock_openai.protocol.event_types import ENDS
from mock_openai.redaction.edits import Edit, applied, part_of
from mock_openai.redaction.escapes import JSON_ESCAPES, Decoded, decoded
from mock_openai.redaction.tokens import numbers, tokens
from mock_openai.wire import sse

_LAST = ENDS | {"error", "message_stop"}
_ENDS = ("done", "completed", "content_block_stop")
_LEAVES = (
    *("delta", "content", "text", "arguments", "refusal", "reasoning", "reasoning_content", "thinking"),
    *("partial_json", "transcript", "input", "code"),
)
"""Fields whose strings are pieces of a text."""
_KEYS = {key: re.compile(rb'"%s"[ \t\r\n]*+:[ \t\r\n]*+' % key.encode()) for key in _LEAVES}
_BROKEN = re.compile(
    rb'"(?:' + "|".join(_LEAVES).encode() + rb')"[ \t]*+:[ \t]*+"((?:[^"\\]|\\.)*+)\\?(?:u[0-9a-fA-F]{0,3})?$'
)

Name = tuple[Any, ...]
"""The identity of a text: side, lane, kind, and the place in the response."""


class _Event(msgspec.Struct):
    type: Any = ""
    delta: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()
    stream_id: Any = None
    response_id: Any = None
    item_id: Any = None
    output_index: Any = None
    content_index: Any = None
    summary_index: Any = None
    index: Any = None


_event = msgspec.json.Decoder(_Event)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_DEEPEST = 6


@dataclass(slots=True, eq=False)
class Piece:
    """One delta: its place in the event, its text, and the changes to make."""

    name: Name
    start: int
    end: int
    text: bytes
    """Without escapes."""
    _escapes: Decoded | None = None
    edits: list[Edit] | None = None
    """The changes to make in the event; None until they are known."""

    @classmethod
    def of(cls, name: Name, data: bytes, start: int, end: int) -> Piece:
        """Read the piece that stands in `data` from `start` to `end`."""
        raw = data[start:end]
        escapes = decoded(raw, JSON_ESCAPES) if b"\\" in raw else None
        return cls(name, start, end, raw if escapes is None else escapes.data, escapes)

    def changed(self, edits: Sequence[Edit], begin: int) -> list[Edit]:
        """Return the changes to the event for `edits` of the whole text, in which this piece begins at
        `begin`.
        """
        parts = (part_of(edit, begin, begin + len(self.text)) for edit in edits)
        return [
            self._placed(part)
            for part in parts
            if part is not None and part.new != self.text[part.start : part.end]
        ]

    def _placed(self, edit: Edit) -> Edit:
        raw = edit if self._escapes is None else self._escapes.raw_edit(edit)
        new = raw.new
        if len(edit.new) != edit.end - edit.start and self._escapes is None:
            new = msgspec.json.encode(new.decode("utf-8", "replace"))[1:-1]
        return Edit(raw.kind, self.start + raw.start, self.start + raw.end, new)


class Numbers(Piece):
    """A piece that is written as a list of its bytes."""

    __slots__ = ()

    def changed(self, edits: Sequence[Edit], begin: int) -> list[Edit]:
        """Return the change to the list; see `Piece.changed`."""
        parts = [part for edit in edits if (part := part_of(edit, begin, begin + len(self.text))) is not None]
        new = applied(self.text, parts)
        if new == self.text:
            return []
        return [Edit(parts[0].kind, self.start, self.end, b",".join(b"%d" % byte for byte in new))]


def of_tokens(data: bytes, name: Name) -> Iterator[Piece]:
    """Yield the tokens in the `logprobs` of a document; each text that they spell has a name of its own."""
    for token in tokens(data):
        own = (*name, "logprobs", *token.text)
        if not token.numbers:
            yield Piece.of(own, data, token.start, token.end)
        elif (given := numbers(data[token.start : token.end])) is not None:
            yield Numbers(own, token.start, token.end, given)


def read(data: bytes, side: str, *, framed: bool, open_texts: bool) -> tuple[list[Piece], Name | None]:
    """Return the pieces in an event, and the name (or its beginning) of the texts that it ends; that is
    searched only while there are `open_texts`.
    """
    if b'"delta"' not in data and b'"choices"' not in data and not open_texts:
        return [], None
    try:
        event = _event.decode(_data(data) if framed else data)
    except _UNREADABLE:
        return [], None
    kind = event.type if isinstance(event.type, str) else ""
    lane: Name = (side, repr(event.stream_id))
    base, _, what = kind.rpartition(".")
    if kind.startswith("content_block_"):
        base, what = "content_block", kind
    place = event.item_id if event.output_index is None else event.output_index
    where = (*map(repr, (event.response_id, place, event.content_index, event.summary_index, event.index)),)
    name = (*lane, base, *where)
    found: list[tuple[Name, str, bytes]] = []
    if event.delta:
        found = list(_leaves(bytes(event.delta), name, "delta", 0))
    elif event.choices:
        found = list(_leaves(bytes(event.choices), lane, "choices", 0))
    ended = lane if kind in _LAST else name if what in _ENDS and not found else None
    pieces = _placed(data, found)
    if found and b'"logprobs"' in data:
        pieces = sorted((*pieces, *of_tokens(data, name)), key=lambda piece: piece.start)
    return pieces, ended


def broken(data: bytes, name: Name) -> list[Piece]:
    """The delta of an event that breaks off in the middle of it: more of the text that was spelled last."""
    found = _BROKEN.search(data)
    return [Piece.of(name, data, *found.span(1))] if found else []


def _data(block: bytes) -> bytes:
    """The data of a block of an event stream, which may begin with a byte order mark."""
    return sse.parse(block.removeprefix(b"\xef\xbb\xbf"))[1] or b""


def _leaves(raw: bytes, name: Name, key: str, depth: int) -> Iterator[tuple[Name, str, bytes]]:
    """The strings in a value that are pieces of texts: the name of each, its field, and how it is spelled."""
    if raw.startswith(b'"'):
        if key in _KEYS:
            yield name if key == "delta" else (*name, key), key, raw
    elif depth < _DEEPEST and raw.startswith(b"{"):
        for inner, value in _members.decode(raw).items():
            yield from _leaves(bytes(value), name if key == "delta" else (*name, key), inner, depth + 1)
    elif depth < _DEEPEST and raw.startswith(b"["):
        for number, element in enumerate(map(bytes, _elements.decode(raw))):
            index: object = number
            if element.startswith(b"{") and (given := _members.decode(element).get("index")) is not None:
                index = bytes(given)
            yield from _leaves(element, (*name, key, index), "", depth + 1)


def _placed(data: bytes, found: Sequence[tuple[Name, str, bytes]]) -> list[Piece]:
    """The places of the texts, without quotes; the last place of a repeated key, as in JSON."""
    pieces: list[Piece] = []
    taken: set[int] = set()
    for name, key, text in found:
        places = [at.end() for at in _KEYS[key].finditer(data) if data.startswith(text, at.end())]
        free = [place for place in places if place not in taken]
        if free:
            start = free[-1] if len(found) == 1 else free[0]
            taken.add(start)
            pieces.append(Piece.of(name, data, start + 1, start + len(text) - 1))
    return sorted(pieces, key=lambda piece: piece.start)
