"""A reply rendered once, with holes for what differs from turn to turn.

Strategy: the first time a reply goes out with certain settings it is made by `events`, one event after
another. The second time `events` makes it once more, but from marks instead of ids, times, counts and
padding; cutting that at the marks gives a Stencil. From then on a turn costs drawing its ids and one join.
Since the stencil is cut from what `events` writes, there is one place that knows what events look like; a
test holds both ways against each other byte for byte.

Replies of text, refusals and calls can be stencilled. What draws more than ids and padding from the turn's
dice (ciphertexts, log probabilities) is rendered anew each time.
"""

from __future__ import annotations

import random
import re
import secrets
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, groupby, islice
from operator import itemgetter
from typing import Any, overload

from mock_openai.protocol import json
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.events import Event, stream_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.padding import RandomPadding
from mock_openai.protocol.reply import Call, Refusal, Reply, Text, Usage
from mock_openai.protocol.request import Request
from mock_openai.protocol.response import open_response, with_billing
from mock_openai.protocol.sequences import LOGPROBS
from mock_openai.protocol.usage import cache_use, prefix_tokens

MAX_SIZE = 256 * 1024
"""Bytes of the largest stream that is stencilled; longer ones should leave in several writes anyway."""

_KEPT = 64
"""Stencils held at once; each takes about twice the bytes of its stream."""

Dress = Callable[[str, int], tuple[bytes, bytes]]
"""What a transport puts before and after an event of this type and this many bytes."""

Parts = list[bytes | int]
"""Literals and holes: a value's number, or the complement of a length of padding."""

# The values that every copy has: the response's id and its parent's, the time, tokens read, of these cached
# and written to the cache, and in total; then come the ids of items and calls.
_RESPONSE, _PREVIOUS, _TIME, _READ, _CACHED, _WRITTEN, _TOTAL, _FIRST_ID = range(8)
_VARYING = (_PREVIOUS, _READ, _CACHED, _WRITTEN, _TOTAL)
_ID, _CALL_ID, _SECONDS = 50, 29, 10
"""Characters of an id after its prefix, of a call id, and of a time in seconds (until the year 2286)."""


class Stencils:
    """The stencils of one server, the latest used last."""

    def __init__(self, behaviour: Behaviour = DEFAULT) -> None:
        self._behaviour = behaviour
        self._known: OrderedDict[tuple[Any, ...], Stencil | None] = OrderedDict()

    def find(self, reply: Reply, request: Request) -> Stencil | None:
        """Give the stencil for a reply under a request's settings; None when there is none, or not yet."""
        if not _may_be_stencilled(reply, request):
            return None
        key = (reply, request.settings, request.previous_response_id is None)
        try:
            found = self._known.get(key, key)
        except TypeError:  # annotations are no hashable values
            return None
        if found is key:
            self._known[key] = None
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return None
        self._known.move_to_end(key)
        if found is None:
            found = self._known[key] = _cut(reply, request, self._behaviour)
        assert isinstance(found, Stencil)
        return found if found.size <= MAX_SIZE else None


def _may_be_stencilled(reply: Reply, request: Request) -> bool:
    return (
        not request.background
        and request.generate
        and request.compact_threshold is None
        and LOGPROBS not in request.include
        and all(isinstance(item, Text | Refusal | Call) for item in reply.items)
    )


class Stencil:
    """One reply with holes."""

    def __init__(self, events: list[tuple[str, Parts]], body: Parts, marks: _Marks) -> None:
        self.types = [kind for kind, _ in events]
        """The events' types, in order."""
        self.tally = Counter(self.types)
        """How many events there are of each type."""
        self.status = marks.status
        """The status with which the response ends."""
        self._lengths = [len("resp_") + _ID, 0, _SECONDS, 0, 0, 0, 0]
        self._lengths += [_CALL_ID if made is None else len(made) + 1 + _ID for made in marks.made]
        self.events = [_Form(parts, self._lengths) for _, parts in events]
        """Each event's data."""
        self.body = _Form(body, self._lengths)
        """The plain JSON answer."""
        self.size = sum(form.size for form in self.events)
        """Bytes of all events, but for what varies in length."""
        self.pads = struct.Struct("".join(f"{pad}s" for form in self.events for pad in form.pads))
        """The padding of all events, in order."""
        self._parts = events
        self._made_of = marks.made
        self._output = marks.output
        self._told_read = marks.told_read
        self._dressed: dict[Dress, list[tuple[str | None, _Form]]] = {}

    def fill(self, ids: Ids, rng: random.Random, request: Request, history_tokens: int, now: int) -> Copy:
        """Make a turn's own copy; ids and padding are drawn in the order in which `events` draws them."""
        parent = request.previous_response_id
        response_id = ids.response(parent or request.conversation)
        own = request.tokens
        read = own + history_tokens
        counted = read if self._told_read is None else self._told_read
        written, cached = cache_use(request.model, counted, prefix_tokens(request, history_tokens))
        values = [
            response_id.encode(),
            (parent or "").encode(),
            b"%d" % now,
            b"%d" % read,
            b"%d" % cached,
            b"%d" % written,
            b"%d" % (read + self._output),
            *((ids.item(made, response_id) if made else ids.call()).encode() for made in self._made_of),
        ]
        return Copy(self, response_id, values, RandomPadding(rng).take_bytes(self.pads.size))

    def dressed(self, dress: Dress) -> list[tuple[str | None, _Form]]:
        """Give the events in what a transport puts around them: those of fixed length in one form, the others
        each with its type, to be dressed when their length is known.
        """
        found = self._dressed.get(dress)
        if found is None:
            pieces: list[tuple[str | None, Parts]] = []
            for (kind, parts), form in zip(self._parts, self.events, strict=True):
                if not form.fixed:
                    pieces.append((kind, parts))
                    continue
                before, after = dress(kind, form.size)
                if not pieces or pieces[-1][0] is not None:
                    pieces.append((None, []))
                pieces[-1][1].extend((before, *parts, after))
            found = self._dressed[dress] = [(kind, _Form(parts, self._lengths)) for kind, parts in pieces]
        return found


class Copy(Sequence[Event]):
    """A turn's own copy of a stencilled reply. Its events are made when somebody looks at them."""

    __slots__ = ("_events", "_pads", "_stencil", "_values", "response_id")

    def __init__(self, stencil: Stencil, response_id: str, values: list[bytes], pads: bytes) -> None:
        self.response_id = response_id
        self._stencil = stencil
        self._values = values
        self._pads = pads
        self._events: tuple[Event, ...] | None = None

    @property
    def status(self) -> str:
        """The status with which the response ends."""
        return self._stencil.status

    @property
    def size(self) -> int:
        """Bytes of all events, but for what varies in length."""
        return self._stencil.size

    @property
    def tally(self) -> Mapping[str, int]:
        """How many events there are of each type."""
        return self._stencil.tally

    @property
    def types(self) -> list[str]:
        """The events' types."""
        return self._stencil.types

    def wire(self, dress: Dress) -> bytes:
        """Give all events as they leave."""
        pads = self._stencil.pads.unpack(self._pads)
        written: list[bytes] = []
        for kind, form in self._stencil.dressed(dress):
            data = form.filled(self._values, pads)
            if kind is None:
                written.append(data)
            else:
                before, after = dress(kind, len(data))
                written += (before, data, after)
        return b"".join(written)

    def body(self) -> bytes:
        """Give the plain JSON answer."""
        return self._stencil.body.filled(self._values, ())

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._made()[index]

    def __len__(self) -> int:
        return len(self._stencil.types)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._made())

    def _made(self) -> tuple[Event, ...]:
        if self._events is None:
            stencil = self._stencil
            pads = iter(stencil.pads.unpack(self._pads))
            self._events = tuple(
                Event(kind, form.filled(self._values, tuple(islice(pads, len(form.pads)))))
                for kind, form in zip(stencil.types, stencil.events, strict=True)
            )
        return self._events


class _Form:
    """Bytes with holes, arranged so that filling them is one pick and one join."""

    __slots__ = ("_literals", "_order", "_pick", "fixed", "pads", "size")

    def __init__(self, parts: Parts, lengths: Sequence[int]) -> None:
        self._literals: list[bytes] = []
        self.pads: tuple[int, ...] = tuple(~part for part in parts if isinstance(part, int) and part < 0)
        """The lengths of its padding."""
        self.size = sum(
            len(part) if isinstance(part, bytes) else ~part if part < 0 else lengths[part] for part in parts
        )
        """Its bytes, without what varies in length."""
        self.fixed = not any(isinstance(part, int) and part in _VARYING for part in parts)
        """Whether it always has the same length."""
        self._order: list[bytes | int] = []
        for literal, group in groupby(parts, key=lambda part: isinstance(part, bytes)):
            run = list(group)
            self._order += [b"".join(part for part in run if isinstance(part, bytes))] if literal else run
        self._pick: Callable[[tuple[bytes, ...]], tuple[bytes, ...]] | None = None

    def filled(self, values: list[bytes], pads: tuple[bytes, ...]) -> bytes:
        """Fill the holes. There are always as many values."""
        if self._pick is None:
            self._pick = self._arrange(len(values))
        return b"".join(self._pick((*self._literals, *values, *pads)))

    def _arrange(self, values: int) -> Callable[[tuple[bytes, ...]], tuple[bytes, ...]]:
        self._literals = [part for part in self._order if isinstance(part, bytes)] + [b""]
        first_value = len(self._literals)
        pads = count(first_value + values)
        literals = count()
        places = [
            next(literals) if isinstance(part, bytes) else first_value + part if part >= 0 else next(pads)
            for part in self._order
        ]
        self._order = []
        empty = first_value - 1
        return itemgetter(*places, empty, empty)  # with fewer than two it would give no tuple


class _Marks(Ids):
    """What stands for ids, times, counts and padding while a stencil is cut, and how it is found again."""

    def __init__(self, own: int) -> None:
        self.token = secrets.token_hex(8)
        self.time = 9_000_000_000 + secrets.randbelow(10**9)
        self.read = 10**12 + secrets.randbelow(10**12)
        self.history = self.read - own
        self.written = 10**12 + secrets.randbelow(10**12)
        self.told_read: int | None = None
        """What the reply says of the tokens read, if it does."""
        self.made: list[str | None] = []
        """The prefixes of the ids made, in order; None for a call id."""
        self.cached = 0
        self.output = 0
        self.status = ""
        super().__init__(random.Random(0), self.clock)

    def clock(self) -> float:
        return float(self.time)

    def item(self, prefix: str, response_id: str) -> str:
        return self._made(prefix)

    def call(self) -> str:
        return self._made(None)

    def take(self, length: int) -> str:
        return f"{self.token}P{length}."

    def name(self, letter: str) -> str:
        return f"{self.token}{letter}."

    def pierce(self, data: bytes) -> Parts:
        """Cut written bytes at the marks."""
        token = self.token.encode()
        numbers = {
            self.time: _TIME,
            self.read: _READ,
            self.cached: _CACHED,
            self.written: _WRITTEN,
            self.read + self.output: _TOTAL,
        }
        holes = {b"%d" % number: hole for number, hole in numbers.items()}
        holes |= {token + b"R.": _RESPONSE, token + b"V.": _PREVIOUS}
        holes |= {token + b"I%d." % at: _FIRST_ID + at for at in range(len(self.made))}
        parts: Parts = []
        end = 0
        for found in re.finditer(rb"%b(?:[RV]|[IP]\d+)\.|(?<!\d)\d{10,13}(?!\d)" % token, data):
            hole = holes.get(found[0])
            if hole is None and found[0].startswith(token):
                hole = ~int(found[0][len(token) + 1 : -1])
            if hole is not None:
                parts += (data[end : found.start()], hole)
                end = found.end()
        return [*parts, data[end:]]

    def _made(self, prefix: str | None) -> str:
        self.made.append(prefix)
        return self.name(f"I{len(self.made) - 1}")


def _cut(reply: Reply, request: Request, behaviour: Behaviour) -> Stencil:
    own = request.tokens
    marks = _Marks(own)
    # How much is written to the cache is no sum of the others' marks, so it has one of its own.
    told = reply.usage or Usage()
    marks.told_read = told.input_tokens
    _, marks.cached = cache_use(request.model, marks.read, prefix_tokens(request, marks.history))
    if told.cache_write_tokens is None:
        reply = replace(reply, usage=replace(told, cache_write_tokens=marks.written))
    response = open_response(request, id=marks.name("R"), created_at=marks.time)
    if request.previous_response_id is not None:
        response["previous_response_id"] = marks.name("V")
    events = list(
        stream_events(
            reply,
            request,
            response,
            ids=marks,
            rng=random.Random(0),
            history_tokens=marks.history,
            clock=marks.clock,
            behaviour=behaviour,
            padding=marks,
        )
    )
    ended = json.parse(events[-1].data)["response"]
    marks.status = ended["status"]
    marks.output = (ended["usage"] or {}).get("output_tokens", 0)
    body = marks.pierce(json.pretty(with_billing(ended)))
    return Stencil([(event.type, marks.pierce(event.data)) for event in events], body, marks)
