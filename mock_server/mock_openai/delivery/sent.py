"""Numbers and writes the events that a turn hands over, and notes them in the journal once they have left."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, Literal

from mock_openai.delivery.writer import ResponseWriter
from mock_openai.faults.trigger import Position
from mock_openai.journal.entries import Entry
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import Rendered
from mock_openai.state import ServerState
from mock_openai.threads import in_thread

FLUSH_BYTES = 64 * 1024
"""Bytes after which events due at the same time are written: the write is what costs, not the event
(measured).
"""

_TINY = 64
"""Bytes that an event counts at least: thousands of comments hold up others as well."""

_NUMBER = re.compile(rb'"sequence_number":(\d+)')

_NOTED_AT_ONCE = 1000
"""Events that the journal notes before other tasks run."""


class SentEvents:
    """The events of one turn between the delivery that hands them over and the journal that notes them."""

    def __init__(
        self,
        state: ServerState,
        writer: ResponseWriter,
        position: Position,
        lane: str | None,
        on_begin: Callable[[], None],
    ) -> None:
        self.waiting: list[Event] = []
        """Events that were handed over and have not left."""
        self.response_id: str | None = None
        """The response's id, once its first event has left."""
        self._on_begin = on_begin
        self._state = state
        self._writer = writer
        self._position = position
        self._lane = lane
        self._loop = asyncio.get_running_loop()
        self._listed: list[Event] = []
        self._rendered: Rendered | None = None
        self._place = 0
        """Number of events that have left, of those that were rendered beforehand."""
        self._handed_over = 0
        """Number of events that were handed over, of those that were rendered beforehand; some wait for the
        next flush.
        """
        self._held: list[tuple[int, Event]] = []
        """Events held back, each with the number of events that must have been handed over before it."""
        self._put = 0
        """Bytes handed over since other tasks last ran."""
        self.added = 0
        """Number of inserted events that took a sequence number."""
        self._noted = 0
        """Number of events that the journal has noted, of those that were put."""
        self._left = 0
        """Number of events that have left, of those that were put."""
        self._noting = asyncio.Lock()
        """Two tasks may let events leave: the turn's own, and one that inserts an event."""
        self._settled: tuple[Event, Event] | None = None
        """The current event as it was planned, and as it (or a copy of it) has left."""
        self.spoke = self._loop.time()
        """The loop's time when something last left."""

    @property
    def sent(self) -> list[Event] | Rendered:
        """The events that have left."""
        rendered, listed = self._rendered, self._listed
        if rendered is not None and len(listed) < self._place:
            if self._place == len(rendered):
                return rendered
            listed += rendered[len(listed) : self._place]
        return listed

    @property
    def changed(self) -> bool:
        """Whether events were inserted or held back, so that the others may not leave as rendered."""
        return bool(self.added or self._held or self.waiting)

    @property
    def events(self) -> list[Event]:
        """All events that were handed over, whether or not they have left."""
        rendered = self._rendered[self._place : self._handed_over] if self._rendered is not None else ()
        return [*self.sent, *rendered, *self.waiting]

    @property
    def _whole(self) -> Rendered | None:
        """The rendered turn, if all of it was handed over."""
        rendered = self._rendered
        return rendered if rendered is not None and self._handed_over == len(rendered) else None

    @property
    def full(self) -> bool:
        """Whether so much was handed over without a pause that it should be written, and other tasks should
        run. A plain JSON answer writes nothing until its end.
        """
        return self._put >= FLUSH_BYTES

    @property
    def types(self) -> list[str]:
        """The types of all events that were handed over."""
        if isinstance(self.sent, Rendered):
            return self.sent.types
        return [event.type for event in (*self.sent, *self.waiting)]

    @property
    def ended(self) -> bool:
        """Whether the response's end was handed over: nothing of it may follow."""
        return any(event.type in TERMINAL for event in self.events)

    @property
    def completed(self) -> bool:
        """Whether the response's end is `response.completed`: its last event, or one of the few before events
        that a fault added.
        """
        if self._whole is not None:
            return "response.completed" in self._whole.types
        from_the_end = chain(reversed(self.waiting), reversed(self.sent))
        return any(event.type == "response.completed" for event in from_the_end)

    @property
    def next_number(self) -> int:
        """The sequence number after the last event that was handed over."""
        if self._whole is not None:
            return len(self._whole) + self.added
        latest = self.waiting or self.sent
        found = _number_in(latest[-1]) if latest else None
        return int(found[1]) + 1 if found else 0

    def put(self, event: Event) -> None:
        """Hand over an event as it is."""
        self._writer.put(event)
        self.waiting.append(event)
        size = len(event.data)
        self._put += size if size > _TINY else _TINY
        if self._held:
            self._let_go(len(self.sent) + len(self.waiting))

    async def leave(self, rendered: Rendered, tail: bytes | None) -> None:
        """Let the rest of a turn leave in one write, and end the answer. `tail` is that rest; None if it is
        all of the turn.
        """
        if tail is None:
            self._writer.put_all(rendered)
        else:
            self._writer.put_wire(tail)
        self.handed_over(rendered, len(rendered))
        await self._writer.flush()
        await self._writer.finish()
        self._note_rendered()

    def handed_over(self, rendered: Rendered, end: int) -> None:
        """Note that the events of a turn up to this one were handed over, and leave with the next flush."""
        self._rendered, self._handed_over = rendered, end

    def left(self, rendered: Rendered, end: int, now: float) -> None:
        """Note that the events of a turn up to this one have left, at this time of the loop's."""
        self._state.note_rendered(
            self._position, rendered, self._place, end, now, self._writer.transport, self._lane
        )
        self._rendered, self._place, self._handed_over = rendered, end, end
        self.spoke = now
        if self.response_id is None:
            self.response_id = rendered.response_id
            self._on_begin()

    def _note_rendered(self) -> None:
        """Note the events of a rendered turn that were handed over, unless another task has done so."""
        if self._rendered is not None and self._handed_over > self._place:
            self.left(self._rendered, self._handed_over, self._loop.time())

    def hold(self, event: Event, events: int) -> None:
        """Hold an event back until `events` others have been handed over, or the answer ends; once, for the
        longest time that is asked for.
        """
        until = len(self.sent) + len(self.waiting) + events
        held = [place for place, other in self._held if other.data == event.data]
        self._held = [(place, other) for place, other in self._held if other.data != event.data]
        self._held.append((max([until, *held]), event))

    def _let_go(self, handed_over: float) -> None:
        due = [event for until, event in self._held if until <= handed_over]
        self._held = [(until, event) for until, event in self._held if until > handed_over]
        for event in due:
            self.put(event)

    def add(self, event: Event) -> None:
        """Hand over an inserted event; the sequence numbers of all that follow grow by one."""
        self.added += 1
        self.put(event)

    def insert(self, make: Callable[[int], Event]) -> None:
        """Hand over an event that `make` makes of its sequence number, behind all that was handed over."""
        self._note_rendered()
        self.add(make(self.next_number))

    def numbered(self, event: Event, since: int = 0) -> Event:
        """Return the event with its sequence number increased by the number of events inserted before it, or
        by those of them that followed the first `since`. If a copy of it has left, its number stays.
        """
        if self._settled is not None and self._settled[0] is event:
            return self._settled[1]
        if self.added == since:
            return event
        place = _number_in(event)
        if place is None:
            return event
        start, end = place.span(1)
        number = str(int(event.data[start:end]) + self.added - since).encode()
        return Event(event.type, event.data[:start] + number + event.data[end:])

    def settle(self, event: Event) -> None:
        """Fix this event's sequence number, because it, or a copy of it, now leaves."""
        self._settled = (event, self.numbered(event))

    def number_in_thread(self, event: Event | None) -> int:
        """Return the sequence number for an event that is inserted at `event`: before it, or behind it once
        it is settled.
        """
        if event is None:
            return self.next_number
        found = _number_in(event)
        behind = self._settled is not None and self._settled[0] is event
        return (int(found[1]) if found else 0) + self.added + behind

    async def flush(self) -> None:
        """Write the waiting events. Raises ConnectionError if the client is gone."""
        number = self._noted + len(self.waiting)
        await self._writer.flush()
        self._note_rendered()
        if self._writer.streams:
            await self._note_left(number)

    async def finish(self) -> None:
        """Write the waiting and held-back events, and end the answer."""
        self._let_go(math.inf)
        await self.flush()
        number = self._noted + len(self.waiting)
        await self._writer.finish()
        await self._note_left(number)

    async def make_room(self) -> None:
        """Write the waiting events, and yield to other tasks."""
        await self.flush()
        self._put = 0
        await asyncio.sleep(0)  # a long answer that is due at once must not hold up other tasks

    async def note_sent(self) -> None:
        """Note that what waited has left, some at a time."""
        await self._note_left(self._noted + len(self.waiting))

    async def _note_left(self, number: int) -> None:
        """Note in the journal that this many of the events that were put have left, a batch at a time, in
        order.
        """
        self._left = max(self._left, number)
        if not self.waiting:
            return
        async with self._noting:
            try:
                while leaving := self.waiting[: min(_NOTED_AT_ONCE, self._left - self._noted)]:
                    journal = self._state.journal
                    noted = [
                        await in_thread(journal.cut, one) if journal.cuts(one) else one for one in leaving
                    ]
                    self._note_sent(leaving, noted)
                    if self._left > self._noted:
                        await asyncio.sleep(0)
            except asyncio.CancelledError:  # the events have left, and nobody else would note them
                if leaving := self.waiting[: self._left - self._noted]:
                    self._note_sent(leaving, leaving)
                raise

    def _note_sent(self, leaving: list[Event], noted: list[Event]) -> None:
        sent = self.sent
        if not sent and self._writer.transport == "http":
            self.note("status", {"status": 200})
        at = self._loop.time() - self._state.started
        connection, turn = self._position.connection, self._position.number or None
        self._state.journal.note(
            *[Entry(at, connection, turn, self._lane, "event", event) for event in noted]
        )
        self.spoke = self._loop.time()
        assert isinstance(sent, list), "nothing follows a whole turn"
        sent.extend(leaving)
        del self.waiting[: len(leaving)]
        self._noted += len(leaving)
        if self.response_id is None:
            self.response_id = _response_id(sent[0])
            self._on_begin()

    def note(self, kind: Literal["status", "fault"], data: Mapping[str, Any]) -> None:
        """Note something else that happened in this turn."""
        self._state.note(
            kind, self._position.connection, data, turn=self._position.number or None, lane=self._lane
        )


def _number_in(event: Event) -> re.Match[bytes] | None:
    """Find an event's own sequence number: keys are in order, so that it stands last."""
    end = len(event.data)
    while (start := event.data.rfind(b'"sequence_number":', 0, end)) >= 0:
        if (found := _NUMBER.match(event.data, start)) is not None:
            return found
        end = start
    return None


def _response_id(first: Event) -> str | None:
    # The id is near the front of every created event; a whole decode would cost more than the rest of a short
    # turn.
    start = first.data.find(b'"id":"resp_')
    if start < 0:
        return None
    start += len(b'"id":"')
    return first.data[start : first.data.find(b'"', start)].decode()
