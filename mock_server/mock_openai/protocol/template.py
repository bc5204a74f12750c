"""A reply rendered once, with holes for the values that differ from turn to turn.

`compile` makes a Template of written events. Rendering it costs drawing a turn's ids and joining bytes once.
A Rendered is one turn's response; it makes single events on demand.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, overload

import msgspec

from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.protocol.holes import COMPLETED, TOTAL, Form, Parts
from mock_openai.protocol.ids import (
    CALL_BYTES,
    ITEM_BYTES,
    RESPONSE_BYTES,
    call_id,
    digits_of,
    hex_time,
    item_id,
    response_id,
)
from mock_openai.protocol.random_source import RandomSource, letters
from mock_openai.protocol.request import Request
from mock_openai.protocol.usage import cache_use, prefix_tokens

Framing = Callable[[str, int], tuple[bytes, bytes]]
"""Returns the bytes that a transport puts before and after an event of this type and this size."""

_ID, _CALL_ID, _SECONDS = 50, 29, 10
"""Characters of an id after its prefix, of a call id, and of a time in seconds."""


OVERHEAD = 300
"""Bytes that an event takes in memory besides its text: objects and their places in lists (CPython 3.11,
measured).
"""


def fits(now: float) -> bool:
    """Return whether a time has the length that templates are compiled for, as all times from 2001 to 2286;
    tests may set the clock to others.
    """
    return 1e9 <= now < 1e10


_second = lru_cache(maxsize=16)(b"%d".__mod__)
"""Returns a whole second in decimal; turns in the same second share the string."""


_Framed = tuple[str | None, Form, list[int]]
"""A framed piece of a stream: one event of a given type, or several events and the position at which each
ends.
"""


class Template:
    """One reply with holes.

    `made_of` has the prefixes of the ids of its items, in order; None for a call id. `parent` is the length
    of the parent's id. `output` is the number of output tokens, `told_read` the number of input tokens if the
    script fixes it. `only_speaks` says whether its output is messages, at least one, and nothing else.
    """

    def __init__(
        self,
        events: Sequence[tuple[str, Parts]],
        body: Parts,
        outcome: Parts,
        *,
        status: str,
        made_of: Sequence[str | None],
        parent: int,
        output: int,
        told_read: int | None,
        only_speaks: bool,
    ) -> None:
        self.types = [kind for kind, _ in events]
        """The events' types, in order."""
        self.status = status
        """The status with which the response ends."""
        self._lengths = [len("resp_") + _ID, parent, _SECONDS, _SECONDS, 0, 0, 0, 0]
        self._lengths += [_CALL_ID if made is None else len(made) + 1 + _ID for made in made_of]
        self.events = [Form(parts, self._lengths) for _, parts in events]
        """Each event's data."""
        self.body = Form(body, self._lengths)
        """The plain JSON answer."""
        self.outcome = Form(outcome, self._lengths)
        """The part of the response that a continuation needs, as JSON."""
        self.size = sum(form.size for form in self.events)
        """Bytes of all events, but for what varies in length."""
        self.weight = self.size // len(self.events) + OVERHEAD
        """About how many bytes one event takes in memory."""
        self.pads = struct.Struct("".join(f"{pad}s" for form in self.events for pad in form.pads))
        """The padding of all events, in order."""
        self.shells = [Event(kind, b"") for kind in self.types]
        """The events without their data, for a pace to give them times."""
        self._parts = events
        self.made_of = made_of
        self.drawn = RESPONSE_BYTES + sum(ITEM_BYTES if made else CALL_BYTES for made in made_of)
        """Random bytes that its ids are made of."""
        self._output = output
        self._told_read = told_read
        self.only_speaks = only_speaks
        """Whether its output is messages, at least one, and nothing else."""
        self._framed: dict[Framing, list[_Framed]] = {}

    def renderer(self, request: Request, history_tokens: int) -> Render:
        """Return a renderer for the responses of all turns with this request that continue the same
        conversation.
        """
        read = request.tokens + history_tokens
        counted = read if self._told_read is None else self._told_read
        written, cached = cache_use(request.model, counted, prefix_tokens(request, history_tokens))
        counts = (
            b"%d" % read,
            b"%d" % cached if cached else b"0",  # nearly always
            b"%d" % written if written else b"0",
            b"%d" % (counted + self._output),
        )
        parent = request.previous_response_id
        root = parent or request.conversation
        return Render(self, parent.encode() if parent else b"", digits_of(root) if root else None, counts)

    def framed(self, framing: Framing) -> list[_Framed]:
        """Return the events in a transport's framing. Those of fixed length are in one form; each of the
        others has its type, and is framed when its length is known.
        """
        found = self._framed.get(framing)
        if found is None:
            pieces: list[tuple[str | None, Parts, list[int]]] = []
            for (kind, parts), form in zip(self._parts, self.events, strict=True):
                if not form.fixed:
                    pieces.append((kind, parts, []))
                    continue
                before, after = framing(kind, form.size)
                if not pieces or pieces[-1][0] is not None:
                    pieces.append((None, [], []))
                _, together, ends = pieces[-1]
                together.extend((before, *parts, after))
                ends.append((ends[-1] if ends else 0) + len(before) + form.size + len(after))
            found = self._framed[framing] = [
                (kind, Form(parts, self._lengths), ends) for kind, parts, ends in pieces
            ]
        return found


class Render(msgspec.Struct, frozen=True, eq=False):
    """Renders the responses of all turns with one request."""

    template: Template
    parent: bytes
    """The parent's id; empty if there is none."""
    root: str | None
    """The digits that its ids begin with, as `digits_of` returns them."""
    counts: tuple[bytes, bytes, bytes, bytes]
    """Tokens read, of these cached and written to the cache, and in total."""

    @property
    def shells(self) -> list[Event]:
        """The events without their data, for a pace to give them times."""
        return self.template.shells

    def rendered(self, random_source: RandomSource, now: float, later: float) -> Rendered:
        """Render a response that is created at a time (unix seconds), and whose items begin some seconds
        later.
        """
        template, created = self.template, _second(int(now))
        drawn = random_source.take(template.drawn)
        begun = hex_time(now)
        made = response_id(drawn[:RESPONSE_BYTES], self.root, begun)
        values = [made.encode(), self.parent, created, created, *self.counts]
        response, at = made[5:], RESPONSE_BYTES
        if later:
            begun = hex_time(now + later)
        for prefix in template.made_of:
            if prefix:
                values.append(item_id(prefix, drawn[at : at + ITEM_BYTES], response, begun).encode())
                at += ITEM_BYTES
            else:
                values.append(call_id(drawn[at : at + CALL_BYTES]).encode())
                at += CALL_BYTES
        return Rendered(template, made, values, random_source.letters_from)


class Rendered(Sequence[Event]):
    """One turn's response, rendered from a template: a sequence of events."""

    __slots__ = (
        "_events",
        "_letters_from",
        "_template",
        "_values",
        "response_id",
        "size",
        "status",
        "types",
        "weight",
    )

    def __init__(self, template: Template, response_id: str, values: list[bytes], letters_from: int) -> None:
        self.response_id = response_id
        self.types = template.types
        """The events' types."""
        self.status = template.status
        """The status with which the response ends."""
        self.size = template.size
        """Bytes of all events, but for what varies in length."""
        self.weight = template.weight
        """About how many bytes one event takes in memory."""
        self._template = template
        self._values = values
        self._letters_from = letters_from
        self._events: tuple[Event, ...] | None = None

    def complete(self, now: float) -> None:
        """Set the completion time (unix seconds), which is the creation time by default."""
        completed = _second(int(now))
        if completed != self._values[COMPLETED] and fits(now):
            self._values[COMPLETED] = completed
            self._events = None

    def wire(self, framing: Framing) -> bytes:
        """Return all events as they leave."""
        values = (*self._values, *self._pads())
        written: list[bytes] = []
        for kind, form, _ in self._template.framed(framing):
            data = form.filled(values)
            if kind is None:
                written.append(data)
            else:
                before, after = framing(kind, len(data))
                written += (before, data, after)
        return b"".join(written)

    def ends(self, framing: Framing) -> array[int]:
        """Return where each event ends in what `wire` returns."""
        ends = array("L")
        begin = 0
        for kind, form, within in self._template.framed(framing):
            if kind is None:
                ends.extend([begin + end for end in within])
            else:
                size = form.size_with(self._values)
                before, after = framing(kind, size)
                ends.append(begin + len(before) + size + len(after))
            begin = ends[-1]
        return ends

    def body(self) -> bytes:
        """Return the plain JSON answer."""
        return self._template.body.filled(self._values)

    def spoken_tokens(self) -> int | None:
        """Return the total tokens of its usage if its output is one or more messages and nothing else;
        otherwise None.
        """
        return int(self._values[TOTAL]) if self._template.only_speaks else None

    def output(self) -> list[dict[str, Any]]:
        """Return the items of its output, decoded."""
        output: list[dict[str, Any]] = self.outcome()["output"]
        return output

    def outcome(self) -> dict[str, Any]:
        """Return the `output` and `usage` of the response, without decoding all of it."""
        outcome: dict[str, Any] = json.parse(self._template.outcome.filled(self._values))
        return outcome

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if index == -1 and self._events is None:
            return self.single(len(self) - 1)
        return self._made()[index]

    def __len__(self) -> int:
        return len(self._template.types)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._made())

    def _pads(self) -> tuple[bytes, ...]:
        pads = self._template.pads
        return pads.unpack(letters(self._letters_from, pads.size))

    def single(self, place: int) -> Event:
        """Return one event without making the others, if it has no padding; the first and the last
        have none.
        """
        form = self._template.events[place]
        if form.pads or self._events is not None:
            return self._made()[place]
        return Event(self._template.types[place], form.filled(self._values))

    def _made(self) -> tuple[Event, ...]:
        if self._events is None:
            template = self._template
            pads = iter(self._pads())
            self._events = tuple(
                Event(kind, form.filled([*self._values, *islice(pads, len(form.pads))]))
                for kind, form in zip(template.types, template.events, strict=True)
            )
        return self._events
