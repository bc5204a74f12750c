"""A reply rendered once, with holes for what differs from turn to turn.

`compile` makes a Template of written events; rendering it costs drawing a turn's ids and one formatting of
bytes. A Rendered is one turn's response; its single events are made when somebody looks at them.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, overload

from mock_openai.protocol.events import Event
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.request import Request
from mock_openai.protocol.usage import cache_use, prefix_tokens

Framing = Callable[[str, int], tuple[bytes, bytes]]
"""What a transport puts before and after an event of this type and this many bytes."""

Render = Callable[[RandomSource, float], "Rendered"]
"""Renders one turn's response, at a time in unix seconds."""

Parts = list[bytes | int]
"""Literals and holes: a value's number, or the complement of a length of padding."""

# The values of every response: the response's id and its parent's, the time, tokens read, of these cached
# and written to the cache, and in total; then come the ids of items and calls.
RESPONSE, PREVIOUS, TIME, READ, CACHED, WRITTEN, TOTAL, FIRST_ID = range(8)
_VARYING = (PREVIOUS, READ, CACHED, WRITTEN, TOTAL)
_ID, _CALL_ID, _SECONDS = 50, 29, 10
"""Characters of an id after its prefix, of a call id, and of a time in seconds."""


def fits(now: float) -> bool:
    """Return whether a time has the length that templates are compiled for, as it has from 2001 to 2286;
    tests may have set the clock to any.
    """
    return 1e9 <= now < 1e10


class Template:
    """One reply with holes.

    `made_of` are the prefixes of the ids of its items, in order; None for a call id. `output` are the tokens
    that it counts as written, `told_read` what it says of the tokens read, if it does.
    """

    def __init__(
        self,
        events: Sequence[tuple[str, Parts]],
        body: Parts,
        *,
        status: str,
        made_of: Sequence[str | None],
        output: int,
        told_read: int | None,
    ) -> None:
        self.types = [kind for kind, _ in events]
        """The events' types, in order."""
        self.tally = Counter(self.types)
        """How many events there are of each type."""
        self.status = status
        """The status with which the response ends."""
        self._lengths = [len("resp_") + _ID, 0, _SECONDS, 0, 0, 0, 0]
        self._lengths += [_CALL_ID if made is None else len(made) + 1 + _ID for made in made_of]
        self.events = [_Form(parts, self._lengths) for _, parts in events]
        """Each event's data."""
        self.body = _Form(body, self._lengths)
        """The plain JSON answer."""
        self.size = sum(form.size for form in self.events)
        """Bytes of all events, but for what varies in length."""
        self.pads = struct.Struct("".join(f"{pad}s" for form in self.events for pad in form.pads))
        """The padding of all events, in order."""
        self._parts = events
        self._made_of = made_of
        self._output = output
        self._told_read = told_read
        self._framed: dict[Framing, list[tuple[str | None, _Form]]] = {}

    def fill(
        self, request: Request, history_tokens: int, random_source: RandomSource, now: float
    ) -> Rendered:
        """Render one turn's response; ids are drawn in the order in which `events` draws them."""
        return self.renderer(request, history_tokens)(random_source, now)

    def renderer(self, request: Request, history_tokens: int) -> Render:
        """Return what renders the responses of all turns with this request, if all continue from the same."""
        parent = request.previous_response_id
        counted = (b"%d" % number for number in self._counted(request, history_tokens))
        return partial(
            self._fill, (parent or "").encode(), tuple(counted), root=parent or request.conversation
        )

    def _counted(self, request: Request, history_tokens: int) -> tuple[int, int, int, int]:
        read = request.tokens + history_tokens
        counted = read if self._told_read is None else self._told_read
        written, cached = cache_use(request.model, counted, prefix_tokens(request, history_tokens))
        return read, cached, written, read + self._output

    def _fill(
        self,
        parent: bytes,
        counted: tuple[bytes, ...],
        random_source: RandomSource,
        now: float,
        *,
        root: str | None,
    ) -> Rendered:
        ids = Ids(random_source, now.__float__)  # a clock that stands
        response_id = ids.response(root)
        values = [response_id.encode(), parent, b"%d" % now, *counted]
        for made in self._made_of:
            values.append((ids.item(made, response_id) if made else ids.call()).encode())
        return Rendered(self, response_id, values, random_source)

    def framed(self, framing: Framing) -> list[tuple[str | None, _Form]]:
        """Return the events in what a transport puts around them: those of fixed length in one form, the
        others each with its type, to be framed when their length is known.
        """
        found = self._framed.get(framing)
        if found is None:
            pieces: list[tuple[str | None, Parts]] = []
            for (kind, parts), form in zip(self._parts, self.events, strict=True):
                if not form.fixed:
                    pieces.append((kind, parts))
                    continue
                before, after = framing(kind, form.size)
                if not pieces or pieces[-1][0] is not None:
                    pieces.append((None, []))
                pieces[-1][1].extend((before, *parts, after))
            found = self._framed[framing] = [(kind, _Form(parts, self._lengths)) for kind, parts in pieces]
        return found


class Rendered(Sequence[Event]):
    """One turn's response, rendered from a template: a sequence of events."""

    __slots__ = ("_events", "_random_source", "_template", "_values", "response_id", "size", "status")

    def __init__(
        self, template: Template, response_id: str, values: list[bytes], random_source: RandomSource
    ) -> None:
        self.response_id = response_id
        self.status = template.status
        """The status with which the response ends."""
        self.size = template.size
        """Bytes of all events, but for what varies in length."""
        self._template = template
        self._values = values
        self._random_source = random_source
        self._events: tuple[Event, ...] | None = None

    @property
    def tally(self) -> Mapping[str, int]:
        """How many events there are of each type."""
        return self._template.tally

    @property
    def types(self) -> list[str]:
        """The events' types."""
        return self._template.types

    def wire(self, framing: Framing) -> bytes:
        """Return all events as they leave."""
        values = self._values + self._pads()
        written: list[bytes] = []
        for kind, form in self._template.framed(framing):
            data = form.filled(values)
            if kind is None:
                written.append(data)
            else:
                before, after = framing(kind, len(data))
                written += (before, data, after)
        return b"".join(written)

    def body(self) -> bytes:
        """Return the plain JSON answer."""
        return self._template.body.filled(self._values)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if index == -1 and self._events is None:
            return self._last()
        return self._made()[index]

    def __len__(self) -> int:
        return len(self._template.types)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._made())

    def _pads(self) -> list[bytes]:
        pads = self._template.pads
        return list(pads.unpack(self._random_source.letters(pads.size)))

    def _last(self) -> Event:
        """Make the last event alone, which is what a continuation looks at; it has no padding."""
        form = self._template.events[-1]
        return self._made()[-1] if form.pads else Event(self._template.types[-1], form.filled(self._values))

    def _made(self) -> tuple[Event, ...]:
        if self._events is None:
            template = self._template
            pads = iter(self._pads())
            self._events = tuple(
                Event(kind, form.filled([*self._values, *islice(pads, len(form.pads))]))
                for kind, form in zip(template.types, template.events, strict=True)
            )
        return self._events


class _Form:
    """Bytes with holes; filling them is one pick and one formatting."""

    __slots__ = ("_format", "_pick", "fixed", "pads", "size")

    def __init__(self, parts: Parts, lengths: Sequence[int]) -> None:
        holes = [part for part in parts if isinstance(part, int)]
        self.pads: tuple[int, ...] = tuple(~hole for hole in holes if hole < 0)
        """The lengths of its padding."""
        self.size = sum(
            len(part) if isinstance(part, bytes) else ~part if part < 0 else lengths[part] for part in parts
        )
        """Its bytes, without what varies in length."""
        self.fixed = not any(hole in _VARYING for hole in holes)
        """Whether it always has the same length."""
        self._format = b"".join(
            part.replace(b"%", b"%%") if isinstance(part, bytes) else b"%b" for part in parts
        )
        pads = iter(range(len(lengths), len(lengths) + len(self.pads)))
        places = [hole if hole >= 0 else next(pads) for hole in holes]
        self._pick: Callable[[list[bytes]], Any] = itemgetter(*places) if places else lambda _: ()

    def filled(self, values: list[bytes]) -> bytes:
        """Fill the holes with the values, behind which the padding stands."""
        filled: bytes = self._format % self._pick(values)
        return filled
