"""The journal: every connection, request, event and fault, in the order in which it happened.

A test asks it afterwards what the client sent and what really left; reports merge it with what the bot did.
What looks like a secret is removed: of events and of the bodies of creates when somebody asks for them, of
everything else before it gets here. The journal is bounded in entries and, by the JournalBudget that all
journals of a server share, in bytes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, cast

import msgspec

from mock_openai.journal import sent_responses
from mock_openai.journal.budget import STEPS, JournalBudget
from mock_openai.journal.entries import (
    Body,
    Entries,
    Entry,
    Kept,
    Noted,
    Run,
    cut_body,
    cut_event,
    fits,
    is_cut,
    kept,
    weight,
)
from mock_openai.journal.event_redaction import EventRedaction
from mock_openai.journal.redact import JournalRedactor
from mock_openai.journal.sent_responses import SentResponse
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import OVERHEAD
from mock_openai.threads import LARGE

_LOOKED_AT_ONCE = 200
"""Entries that are searched for secrets before other tasks run."""


class Journal:
    """The journal of one server or session. Beyond `limit` entries, or of the budget, the oldest are
    dropped; the newest always stays.
    """

    def __init__(self, limit: int = 1_000_000, budget: JournalBudget | None = None) -> None:
        self._noted: list[Noted] = []
        self._lent = False
        """Whether a reader may hold a reference to this list."""
        self._size = 0
        """The number of entries."""
        self._single = 0
        """How many elements at the beginning of the list are single entries, not Runs."""
        self._limit = limit
        self._most = limit + limit // STEPS
        """The number of entries from which the oldest are dropped."""
        self._budget = budget or JournalBudget()
        self._budget.add(self)
        self.bytes = 0
        """About how many bytes the entries take."""
        self.first = 0
        """The number of the oldest entry that is still here; numbers begin at 0 and are never reused."""
        self.redactor = JournalRedactor(limit)
        """Finds the secrets in the entries; what it has found in one is known in the next."""
        self._redaction = EventRedaction(self.redactor)
        self._copies = 0
        """The bytes of entries without secrets that are counted in `bytes`."""
        self._looked = 0
        """The number of the first entry that has not been searched for secrets."""
        self.before_forgetting: Callable[[int], None] = lambda _: None
        """Called before the entries up to this number are dropped, for a reader that still needs them."""
        self._waiting: list[tuple[Callable[[Journal], bool], asyncio.Future[None]]] = []

    def note(self, *entries: Entry) -> None:
        """Append entries."""
        for entry in entries:
            noted = kept(entry, self._budget.longest)
            self._append(noted, weight(noted))
        if self._waiting or self._budget.used > self._budget.limit or self._size > self._most:
            self._bound_and_wake()

    def note_kept(self, noted: Kept) -> None:
        """Append an entry whose data is JSON already."""
        body = noted.body
        if body is not None and body.size > self._budget.longest:
            short = self.shorten(msgspec.Raw(body.clean(self.redactor)))
            body = noted.body = Body.searched_before(short, self.redactor)
        size = len(noted.data) + OVERHEAD + (body.size if body is not None else 0)
        self._noted.append(noted)  # as `_append` does, here and below: each turn notes these two
        self._size += 1
        self.bytes += size
        budget = self._budget
        budget.used += size
        if self._waiting or budget.used > budget.limit or self._size > self._most:
            self._bound_and_wake()

    def note_run(self, run: Run) -> None:
        """Append the events of a turn that left in one write."""
        events, budget = run.events, self._budget
        if events.size > budget.longest:
            self.note(*run.entries)
            return
        number = run.end - run.begin
        size = number * events.weight
        self._noted.append(run)
        self._size += number
        self.bytes += size
        budget.used += size
        if self._waiting or budget.used > budget.limit or self._size > self._most:
            self._bound_and_wake()

    def cuts(self, event: Event) -> bool:
        """Return whether only the beginning of an event is kept."""
        return not fits(event, self._budget.longest)

    def cut(self, event: Event) -> Event:
        """Return the part of an event that is kept. Slow for a large event; does not change the journal."""
        return cut_event(event)

    def shorten(self, body: msgspec.Raw) -> msgspec.Raw:
        """Return the JSON that is kept of a body. Slow for a large body; does not change the journal."""
        return body if len(body) <= self._budget.longest or is_cut(body) else cut_body(body)

    def _bound_and_wake(self) -> None:
        # Trimmed in large steps: deleting from the front of a list moves all the rest.
        if self._size > self._most:
            self._trim(lambda: self._size > self._limit)
        if self._budget.used > self._budget.limit:
            self._budget.enforce()
        if self._waiting:
            self._wake()

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries, oldest first, without secrets. Each is created on access, so a caller may change
        it.
        """
        self._look()
        self._lent = True
        return Entries(self._singles(), self.redactor, self._redaction.changed, self.first)

    async def look(self) -> Sequence[Entry]:
        """Same as `entries`; new ones are searched for secrets in batches, so that others are served
        meanwhile.
        """
        end = self.end
        while self._looked < end:
            start = max(self._looked, self.first)
            until = min(start + _LOOKED_AT_ONCE, self.end)
            singles, first = self._singles(until - self.first), self.first
            self._lent = True
            for number in range(start, until):
                noted = singles[number - first]
                if isinstance(noted.data, Event) and len(noted.data.data) > LARGE:
                    self._look(number)  # what the entries before it name may stand in it
                    await self._redaction.search(number, noted.connection, noted.data)
            self._look(until)
            await asyncio.sleep(0)
        return self.entries

    @property
    def unredacted(self) -> Sequence[Entry]:
        """All entries, with events as they were sent and the bodies of creates as they came, secrets
        included: for checking texts, not for writing down.
        """
        self._lent = True
        return Entries(self._singles(), None)

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """The bodies of all creates, valid or not, in the order in which they came, without secrets."""
        self._look()
        changed = self._redaction.changed
        shown = (changed.get(number, one) for number, one in enumerate(self._singles(), self.first))
        return [
            one.entry(self.redactor).data["body"]  # type: ignore[index]  # only events have no mapping
            for one in shown
            if isinstance(one, Kept) and one.kind == "request" and one.turn is not None
        ]

    @property
    def connections(self) -> int:
        """The number of connections made."""
        return sum(isinstance(one, Kept) and one.kind == "open" for one in self._noted)

    def events(self, type: str | None = None) -> list[Event]:
        """Return the events that left, all or those of one type, secrets removed."""
        found = (one.data for one in self.entries if isinstance(one.data, Event))
        return [event for event in found if type is None or event.type == type]

    @property
    def responses(self) -> list[SentResponse]:
        """The outcome of each turn, one for every create, in the order in which they came. The texts are as
        they were sent.
        """
        return sent_responses.read(self.unredacted)

    def clear(self) -> None:
        """Drop all entries, and forget the secrets that they named; numbering and clock continue."""
        self.before_forgetting(self.end)
        self.redactor.forget(_ended_in(self._noted))
        self.first += self._size
        self._budget.used -= self.bytes
        self._noted, self._lent = [], False
        self._size = self._single = self.bytes = 0
        self._redaction, self._copies = EventRedaction(self.redactor), 0
        self._looked = self.first

    def shrink(self, wanted: int) -> None:
        """Drop the oldest entries until at most `wanted` bytes are in use, or one entry is left."""
        self._trim(lambda: self.bytes > wanted)

    @property
    def end(self) -> int:
        """The number that the next entry will have."""
        return self.first + self._size

    def since(self, number: int) -> Iterator[Entry]:
        """Return the entries from this number on that were not dropped, without secrets."""
        entries = self.entries
        return map(entries.__getitem__, range(max(0, number - self.first), len(entries)))

    def noted_since(self, number: int) -> Iterator[tuple[Noted, int]]:
        """Yield the same entries as they are stored (data as JSON, events as they were sent, a Run for
        several events), each with the number of the entry after it.
        """
        skipped, noted = max(0, number - self.first), self._noted
        while self._single < min(skipped, len(noted)) and not isinstance(noted[self._single], Run):
            self._single += 1
        start = min(skipped, self._single)
        place = self.first + start
        for one in islice(noted, start, None):
            place += _length(one)
            if place > number:
                yield one, place

    async def wait(self, predicate: Callable[[Journal], bool]) -> None:
        """Wait until the predicate holds; it is called now and after every write."""
        if predicate(self):
            return
        waiting = (predicate, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            await waiting[1]
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def _append(self, noted: Entry | Kept, size: int) -> None:
        self._noted.append(noted)
        self._size += 1
        self.bytes += size
        self._budget.used += size

    def _singles(self, count: float = math.inf) -> list[Entry | Kept]:
        """Return the list, in which at least the first `count` entries are no longer part of a Run. Runs are
        split as late as this because most are never read.
        """
        start = end = self._single
        size = start
        while end < len(self._noted) and size < count:
            size += _length(self._noted[end])
            end += 1
        if start < end:
            new = self._noted[start:end]
            spread = list(chain.from_iterable(one.entries if isinstance(one, Run) else (one,) for one in new))
            grown = sum(map(weight, spread)) - sum(map(weight, new))
            self.bytes += grown
            self._budget.used += grown
            self._noted[start:end] = spread
            self._single = start + len(spread)
        return cast("list[Entry | Kept]", self._noted)

    def _look(self, until: float = math.inf) -> None:
        """Search the entries since the last call for secrets, up to the entry of this number."""
        end = int(min(until, self.end))
        singles = self._singles(end - self.first if end < self.end else math.inf)
        for number in range(max(self._looked, self.first), end):
            self._redaction.take(number, singles[number - self.first])
        self._looked = max(self._looked, end)  # another reader may have searched further meanwhile
        self._redaction.settle()
        grown = self._redaction.bytes - self._copies
        self._copies += grown
        self.bytes += grown
        self._budget.used += grown
        if grown and self._budget.used > self._budget.limit:
            self._budget.enforce()

    def _trim(self, too_much: Callable[[], bool]) -> None:
        gone, end, before = 0, self.end, self.bytes
        while too_much() and gone < len(self._noted) - 1:
            copy = self._redaction.copy_of(end - self._size)
            self.bytes -= weight(self._noted[gone]) + copy
            self._copies -= copy
            self._size -= _length(self._noted[gone])
            gone += 1
        self._budget.used -= before - self.bytes
        first = end - self._size
        self._size = end - self.first  # nothing is dropped yet
        self.before_forgetting(first)
        self.redactor.leave(_ended_in(islice(self._noted, gone)))
        self.first, self._size = first, end - first
        if self._lent:  # a reader of the old list keeps its entries
            self._noted, self._lent = self._noted[gone:], False
        else:  # a fiftieth of the time: the remaining entries are moved without being looked at
            del self._noted[:gone]
        self._single = max(0, self._single - gone)
        self._redaction.forget(self.first)

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


def _ended_in(noted: Iterable[Noted]) -> list[int]:
    """Return the connections whose end is among entries."""
    return [one.connection for one in noted if isinstance(one, Kept) and one.kind == "close"]


def _length(noted: Noted) -> int:
    return noted.end - noted.begin if isinstance(noted, Run) else 1
