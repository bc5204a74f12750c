"""The journal: every connection, request, event and fault, in the order in which it happened.

A test asks it afterwards what the client sent and what really left; reports merge it with what the bot did.
It keeps references, not copies, and never a key: what looks like a secret is struck out before it gets here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Literal, cast

import msgspec

from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import Rendered

Kind = Literal["open", "request", "status", "event", "fault", "close"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    `at` is in seconds on the loop's clock since the server started; `connection` and `turn` count from 1,
    `turn` on its connection; `lane` is the `stream_id`. `data` depends on `kind`: "open" has transport, path
    and headers; "request" has method, path and body; "status" has status and, for errors, code and error;
    "event" is the Event itself; "fault" has fault and point; "close" has by ("client", "server" or "fault"),
    code, reason and how ("close", "fin", "reset" or "half_open").
    """

    at: float
    connection: int
    turn: int | None
    lane: str | None
    kind: Kind
    data: Mapping[str, Any] | Event


@dataclass(slots=True)
class Run:
    """A turn whose events left in one write; `entries` makes an entry for each of them."""

    at: float
    connection: int
    turn: int | None
    lane: str | None
    events: Rendered
    size: int = field(init=False)
    """How many entries that are."""

    def __post_init__(self) -> None:
        self.size = len(self.events)

    @property
    def entries(self) -> Iterator[Entry]:
        """Give an entry for each event."""
        for event in self.events:
            yield Entry(self.at, self.connection, self.turn, self.lane, "event", event)


@dataclass
class Said:
    """What one turn's response amounted to, from the events that left."""

    id: str | None
    connection: int
    turn: int
    lane: str | None
    began: float
    """Seconds on the loop's clock since the server started."""
    request: Mapping[str, Any]
    """The request body."""
    opened: float | None = None
    """When its first event left, on the same clock."""
    spoke: float | None = None
    """When its first word left."""
    text: str = ""
    """All text deltas that left, in order, each once."""
    whole: str = ""
    """The text as events that give it whole have it: a delta that a fault dropped is in here."""
    covered: int = 0
    """How many characters of `text` the events behind `whole` speak of."""
    heard: set[int] = field(default_factory=set)
    """The sequence numbers of the text deltas so far: a fault may send one twice."""
    refusal: str = ""
    """As `text`, and where an event gave the refusal whole, that."""
    refused: int = 0
    """How many characters of `refusal` were given whole."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    """Function calls that left whole: call_id, name, arguments."""
    status: Literal["completed", "incomplete", "failed", "cancelled"] | None = None
    """How it ended; None when no terminal event left."""
    ended: float | None = None
    """When its terminal event left, on the same clock."""


class Journal:
    """The journal of one server. Beyond `limit` entries the oldest are forgotten."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self._noted: list[Entry | Run] = []
        self._size = 0
        """How many entries that stands for."""
        self._limit = limit
        self.first = 0
        """The number of the oldest entry that is still here; numbers begin at 0 and are never used again."""
        self.before_forgetting: Callable[[], None] = lambda: None
        """Called when entries are about to be forgotten, for who still has to read them."""
        self._waiting: list[tuple[Callable[[Journal], bool], asyncio.Future[None]]] = []

    def note(self, *entries: Entry | Run) -> None:
        """Write entries."""
        self._noted += entries
        for entry in entries:
            self._size += entry.size if isinstance(entry, Run) else 1
        # Trimmed in large steps: deleting from the front of a list moves all the rest.
        if self._size > self._limit * 1.25:
            self._trim()
        if self._waiting:
            self._wake()

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries, oldest first."""
        return self._entries

    @property
    def _entries(self) -> list[Entry]:
        # Most runs are never looked at, so their events are made when somebody does.
        if len(self._noted) < self._size:
            spread = (entry.entries if isinstance(entry, Run) else (entry,) for entry in self._noted)
            self._noted = list(chain.from_iterable(spread))
        return cast("list[Entry]", self._noted)

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """The bodies of all creates, valid or not, in the order in which they came."""
        return [
            dict(entry.data["body"])  # the same object may stand for many requests with the same bytes
            for entry in self._entries
            if entry.kind == "request" and entry.turn is not None and not isinstance(entry.data, Event)
        ]

    @property
    def connections(self) -> int:
        """How many connections have been made."""
        return sum(entry.kind == "open" for entry in self._entries)

    def events(self, type: str | None = None) -> list[Event]:
        """Give the events that left, all or those of one type."""
        return [event for event in self._events() if type is None or event.type == type]

    @property
    def responses(self) -> list[Said]:
        """What each turn's response amounted to, one for every create, in the order in which they came."""
        return _read(self._entries)

    def clear(self) -> None:
        """Forget all entries; numbering and clock go on."""
        self.before_forgetting()
        self.first += self._size
        self._noted.clear()
        self._size = 0

    @property
    def end(self) -> int:
        """The number that the next entry will have."""
        return self.first + self._size

    def since(self, number: int) -> Iterator[Entry]:
        """Give the entries from this number on, without those that are forgotten."""
        for noted, place in self.noted_since(number):
            if isinstance(noted, Run):
                yield from islice(noted.entries, max(0, number - place), None)
            else:
                yield noted

    def noted_since(self, number: int) -> Iterator[tuple[Entry | Run, int]]:
        """The same, with turns that left in one write as they were noted, each with the number of its first
        entry.
        """
        place = self.first
        for noted in tuple(self._noted):
            begins, place = place, place + _length(noted)
            if place > number:
                yield noted, begins

    async def wait(self, predicate: Callable[[Journal], bool]) -> None:
        """Wait until the predicate holds; it is asked now and whenever something was written."""
        if predicate(self):
            return
        waiting = (predicate, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            await waiting[1]
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def _trim(self) -> None:
        self.before_forgetting()
        gone, end = 0, self.end
        while self._size > self._limit:
            self._size -= _length(self._noted[gone])
            gone += 1
        self.first = end - self._size
        del self._noted[:gone]

    def _events(self) -> Iterator[Event]:
        return (entry.data for entry in self._entries if isinstance(entry.data, Event))

    def _wake(self) -> None:
        for predicate, future in tuple(self._waiting):
            if future.done():
                continue
            try:
                held = predicate(self)
            except (KeyboardInterrupt, SystemExit):
                raise
            except StopIteration:
                # `next` without anything to find; a future takes none, and a coroutine makes this of it.
                future.set_exception(RuntimeError("the predicate raised StopIteration"))
                continue
            except BaseException as error:
                # The predicate is a test's own code: its error (`pytest.fail` raises no Exception) belongs to
                # the test that waits, not to the server.
                future.set_exception(error)
                continue
            if held:
                future.set_result(None)


def _length(entry: Entry | Run) -> int:
    return entry.size if isinstance(entry, Run) else 1


def _read(entries: Sequence[Entry]) -> list[Said]:
    turns: dict[tuple[int, int], Said] = {}
    silent: set[int] = set()
    """Connections that went silent for good: what is written to them reaches nobody."""
    for entry in entries:
        if entry.kind == "close" and isinstance(entry.data, Mapping) and entry.data.get("how") == "half_open":
            silent.add(entry.connection)
        if entry.turn is None:
            continue
        key = (entry.connection, entry.turn)
        if entry.kind == "request" and not isinstance(entry.data, Event):
            turns[key] = Said(
                id=None,
                connection=entry.connection,
                turn=entry.turn,
                lane=entry.lane,
                began=entry.at,
                request=dict(entry.data["body"]),
            )
        elif isinstance(entry.data, Event) and key in turns and entry.connection not in silent:
            said = turns[key]
            said.opened = entry.at if said.opened is None else said.opened
            _hear(said, entry.data)
            if said.spoke is None and (said.text or said.refusal):
                said.spoke = entry.at
            if said.ended is None and said.status is not None:
                said.ended = entry.at
    return list(turns.values())


def _hear(said: Said, event: Event) -> None:
    try:
        data = msgspec.json.decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # a fault broke this event on purpose
    if not isinstance(data, dict):
        return
    try:
        _take_in(said, event.type, data)
    except (KeyError, TypeError, AttributeError):
        return  # JSON, but not what its type promises: a fault's doing as well


def _take_in(said: Said, kind: str, data: dict[str, Any]) -> None:
    if kind == "response.created":
        said.id = data["response"]["id"]
    elif kind == "response.output_text.delta":
        said.text += _new(said, data)
    elif kind == "response.refusal.delta":
        said.refusal += _new(said, data)
    elif kind == "response.refusal.done":
        if said.refused < len(said.refusal):  # else it was sent twice
            said.refusal = said.refusal[: said.refused] + data["refusal"]
            said.refused = len(said.refusal)
    elif kind == "response.output_item.done":
        item = data["item"]
        if item.get("type") == "function_call" and item.get("status") != "incomplete":
            said.calls.append({name: item.get(name) for name in ("call_id", "name", "arguments")})
    elif kind == "response.output_text.done":
        if said.covered < len(said.text):  # else it was sent twice
            said.whole += data["text"]
            said.covered = len(said.text)
    elif kind in TERMINAL and said.status is None:  # a fault may add a second one, which no client awaits
        said.id = data["response"]["id"]
        said.status = data["response"]["status"]
        if said.status == "completed":
            _take_all(said, data["response"]["output"])


def _new(said: Said, delta: Mapping[str, Any]) -> str:
    """Give the text of a delta, if it has not been sent before."""
    number = delta.get("sequence_number")
    if number in said.heard:
        return ""
    if number is not None:
        said.heard.add(number)
    return str(delta["delta"])


def _take_all(said: Said, output: Sequence[Mapping[str, Any]]) -> None:
    parts = [part for item in output if item.get("type") == "message" for part in item["content"]]
    said.whole = "".join(part.get("text", "") for part in parts)
    said.covered = len(said.text)
    said.refusal = "".join(part.get("refusal", "") for part in parts)
    known = {call["call_id"] for call in said.calls}
    for item in output:
        if item.get("type") == "function_call" and item.get("call_id") not in known:
            said.calls.append({name: item.get(name) for name in ("call_id", "name", "arguments")})
