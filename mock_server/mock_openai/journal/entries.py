"""The entries of the journal: as readers get them, and as they are stored.

An entry is stored as text: the JSON of its data, or an event's bytes. So its size is known, and every reader
gets objects of its own: a test that changes them changes nothing here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, overload

import msgspec

from mock_openai.journal import redact
from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import OVERHEAD, Rendered
from mock_openai.threads import LARGE

Kind = Literal["open", "request", "status", "event", "fault", "close"]

CUT = "cut"
"""The key that replaces a body or event that is too large, with its size, digest and beginning."""

_BEGINNING = 1024
"""Bytes kept of a body or event that is too large."""
_LONGEST_CUT = 6 * _BEGINNING + 200
"""Bytes of the JSON of a body that was cut: each byte of the beginning may need an escape."""
_CUT_BEGINS = b'{"%b":{"bytes":' % CUT.encode()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened.

    `at` is in seconds on the loop's clock since the server started; `connection` and `turn` count from 1,
    `turn` on its connection; `lane` is the `stream_id`. `data` depends on `kind`: "open" has transport, path
    and headers; "request" has method, path and body; "status" has status and, for errors, code and error, for
    a handshake that a fault refused, retry_after in seconds if it asked to wait; "event" is the Event itself;
    "fault" has fault and point; "close" has by ("client", "server" or "fault"), code, reason and how
    ("close", "fin", "reset" or "half_open").
    """

    at: float
    connection: int
    turn: int | None
    lane: str | None
    kind: Kind
    data: Mapping[str, Any] | Event

    def field(self, name: str) -> Any:
        """Return a field of the data; None if there is none, as in an event."""
        return self.data.get(name) if isinstance(self.data, Mapping) else None


class Body(msgspec.Struct, gc=False):
    """The body of a create, shared by all requests with the same bytes. Most are never read, and turns must
    not wait, so it is searched for secrets when it is read for the first time.
    """

    written: bytes
    """The body as JSON, as it came; of one that is too large, what is kept."""
    size: int
    """Its bytes."""
    shown: bytes = b""
    """The same without secrets, once it was searched."""
    knew: int = -1
    """How many secrets the journal had learned when it was searched; negative if it was not."""

    @classmethod
    def searched_before(
        cls, shown: msgspec.Raw, redactor: JournalRedactor, written: bytes | None = None
    ) -> Body:
        """Return a body that is shown so; `written` is what came, unless only a part of it is kept."""
        clean = bytes(shown)
        came = clean if written is None or written == clean else written
        return cls(came, len(came), clean, redactor.known.count)

    def clean(self, redactor: JournalRedactor | None) -> bytes:
        """Return the body without secrets, as JSON; without a redactor, with all but those of MCP servers."""
        if redactor is None:
            return redact.without_mcp(self.written)
        return self.shown if self.knew >= 0 else self.search(redactor)

    def search(self, redactor: JournalRedactor) -> bytes:
        """Search it, again if more is known by now, and return it. A large one is searched again only if it
        holds a known secret as it is.
        """
        if self.knew < 0 or (
            self.knew != redactor.known.count and (self.size <= LARGE or redactor.knows_some_of(self.shown))
        ):
            shown = bytes(redact.body(json.parse(self.shown or self.written), redactor))
            self.shown = self.written if shown == self.written else shown
            self.knew = redactor.known.count
        return self.shown


class Kept(msgspec.Struct, gc=False):
    """An entry as it is stored, its data as JSON."""

    at: float
    connection: int
    turn: int | None
    lane: str | None
    kind: Kind
    data: bytes
    body: Body | None = None
    """The body of a create; that of another request is in `data`."""

    def entry(self, redactor: JournalRedactor | None) -> Entry:
        """Return the entry, with data of the reader's own; without a redactor, the body of a create as it
        came.
        """
        data = json.parse(self.data)
        if self.body is not None:
            data["body"] = json.parse(self.body.clean(redactor and redactor.of(self.connection)))
        if isinstance(body := data.get("body"), dict) and self.kind == "request" and CUT in body:
            data["body"] = CutBody(body)
        return Entry(self.at, self.connection, self.turn, self.lane, self.kind, data)


class CutEvent(Event, frozen=True, gc=False):
    """The part that is kept of an event that was too large for the journal."""


class Run(msgspec.Struct, gc=False):
    """The events of a turn from `begin` to before `end`, which left in one write; `entries` makes an entry
    for each of them.
    """

    at: float
    connection: int
    turn: int | None
    lane: str | None
    events: Rendered
    begin: int
    end: int

    @property
    def entries(self) -> Iterator[Entry]:
        """Return an entry for each event."""
        for event in self.events[self.begin : self.end]:
            yield Entry(self.at, self.connection, self.turn, self.lane, "event", event)


Noted = Entry | Kept | Run
"""The forms in which a journal stores entries; an Entry only for an event, which is immutable."""


class CutBody(dict[str, Any]):
    """The part that is kept of a request body that was too large for the journal."""

    def __missing__(self, name: str) -> Any:
        raise KeyError(
            f"{name!r}: this body has {self[CUT]['bytes']} bytes, and the journal keeps only the beginning; "
            "give the server a larger journal_body_bytes"
        )


class Entries(Sequence[Entry]):
    """The entries that a journal had when it was asked, created one at a time on access."""

    __slots__ = ("_changed", "_count", "_first", "_noted", "_redactor")

    def __init__(
        self,
        noted: Sequence[Entry | Kept],
        redactor: JournalRedactor | None,
        changed: Mapping[int, Entry | Kept] | None = None,
        first: int = 0,
    ) -> None:
        self._noted = noted
        self._redactor = redactor
        self._changed = changed or {}
        """Entries that are shown otherwise than they were noted, by number."""
        self._first = first
        """The number of the first entry."""
        # The journal appends to this list, or begins another; what was in it stays.
        self._count = len(noted)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        places = range(self._count)[index]
        if isinstance(places, int):
            return self._made(places)
        return [self._made(place) for place in places]

    def __iter__(self) -> Iterator[Entry]:
        for place in range(self._count):
            yield self._made(place)

    def _made(self, place: int) -> Entry:
        return made(self._changed.get(self._first + place, self._noted[place]), self._redactor)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, list | Entries):
            return list(self) == list(other)
        return NotImplemented

    def __repr__(self) -> str:
        return repr(list(self))


def made(noted: Entry | Kept, redactor: JournalRedactor | None) -> Entry:
    """Return the entry that was noted, with data of the reader's own."""
    return noted.entry(redactor) if isinstance(noted, Kept) else noted


def kept(entry: Entry, longest: int) -> Entry | Kept:
    """Return an entry as it is stored. A body or event of more than `longest` bytes is replaced by its size,
    its digest and its beginning.
    """
    data = entry.data
    if isinstance(data, Event):
        if fits(data, longest):
            return entry
        return msgspec.structs.replace(entry, data=cut_event(data))
    written = json.compact(data)
    if len(written) > longest and data.get("body") is not None:
        body = json.compact(data["body"])
        if len(body) > longest and not is_cut(body):
            written = json.compact({**data, "body": {CUT: _cut(body)}})
    return Kept(entry.at, entry.connection, entry.turn, entry.lane, entry.kind, written)


def fits(event: Event, longest: int) -> bool:
    """Return whether an event is kept as it is: it is small enough, or was cut already."""
    small = len(event.data) <= longest and len(event.wire or b"") <= longest
    return small or isinstance(event, CutEvent)


def weight(noted: Noted) -> int:
    """Return about how many bytes an entry takes once it was read."""
    if isinstance(noted, Kept):
        return len(noted.data) + (noted.body.size if noted.body is not None else 0) + OVERHEAD
    if isinstance(noted, Run):
        return (noted.end - noted.begin) * noted.events.weight
    event = noted.data
    assert isinstance(event, Event), "other entries than events are kept as JSON"
    return len(event.data) + len(event.wire or b"") + OVERHEAD


def _cut(data: bytes) -> dict[str, Any]:
    beginning = redact.beginning(data, _BEGINNING).decode("utf-8", "ignore")
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "beginning": beginning}


class _Response(msgspec.Struct):
    id: str
    status: str = "in_progress"


class _Large(msgspec.Struct):
    """The fields of an event that tell how its turn went."""

    type: str
    sequence_number: int | None = None
    response: _Response | None = None


def cut_body(body: msgspec.Raw) -> msgspec.Raw:
    """Return the JSON that is kept of a body that is too large: its size, its digest and its beginning."""
    return msgspec.Raw(json.compact({CUT: _cut(bytes(body))}))


def is_cut(body: bytes | msgspec.Raw) -> bool:
    """Return whether the JSON of a body is what `cut_body` makes. It may be larger than a small limit, and is
    not cut again.
    """
    return len(body) <= _LONGEST_CUT and bytes(body).startswith(_CUT_BEGINS)


def cut_event(event: Event) -> CutEvent:
    """Return what is kept of an event that is too large: its size, its digest and its beginning."""
    shown: dict[str, Any] = {"type": event.type}
    try:
        large = msgspec.json.decode(event.data, type=_Large)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # a fault or another server made it
    else:
        if large.sequence_number is not None:
            shown["sequence_number"] = large.sequence_number
        if large.response is not None:
            shown["response"] = {"id": large.response.id, "status": large.response.status}
    return CutEvent(event.type, json.compact({**shown, CUT: _cut(event.data)}), binary=event.binary)
