"""The fault context of a turn: what faults act on while the turn is delivered.

It combines the abilities of the transport (the ResponseWriter) with those of the turn, which can end early
and in good order, and whose end is noted in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from mock_openai.delivery.connection_context import ConnectionContext
from mock_openai.delivery.sent import SentEvents
from mock_openai.delivery.timing import Alarm
from mock_openai.delivery.writer import ResponseWriter
from mock_openai.faults.context import Effect
from mock_openai.faults.planned import Planned
from mock_openai.journal import redact
from mock_openai.memory import LaneMemory
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.protocol.reply import Reply
from mock_openai.protocol.template import Rendered
from mock_openai.state import ClientConnection, ServerState
from mock_openai.threads import in_thread
from mock_openai.turn.ending import cancelled, failed, incomplete
from mock_openai.turn.plan import Plan

_READ_AT_ONCE = 1000
"""Events up to which an early end is made without a thread."""


class TurnContext(ConnectionContext):
    """One turn's connection, as a fault may use it."""

    def __init__(
        self,
        state: ServerState,
        writer: ResponseWriter,
        out: SentEvents,
        connection: ClientConnection,
        *,
        lane: str | None,
        lanes: LaneMemory | None,
        on_complete: Callable[[], None],
    ) -> None:
        super().__init__(state, connection, writer.tcp)
        self.transport = writer.transport
        self.plan: Plan | None = None
        """The turn's plan, once its request was read."""
        self.opening: Event | None = None
        """The turn's first event, whether or not it left."""
        self.over = False
        """Whether something other than its last event has ended the turn."""
        self.cancelled = False
        """Whether the client cancelled the turn."""
        self.began = asyncio.get_running_loop().time()
        """The loop's time from which the turn's events are timed; faults may move it."""
        self.kept = False
        """Whether there is nothing left to store: it is stored already, is stored elsewhere, or cannot be
        stored.
        """
        self.alarm = Alarm()
        self._writer = writer
        self._out = out
        self._lane = lane
        self._lanes = lanes
        self._on_complete = on_complete
        self._change: Callable[[Reply], Reply] | None = None
        self._planned: Event | None = None
        """The event that faults are injected at, as it was planned."""

    async def keep(self, leaving: Sequence[Event] = ()) -> None:
        """Store the response just before its last event leaves: a client that has that event may continue
        from it at once, on any server that shares the memory. Raises ApiError if such a memory does not
        answer.
        """
        if self.plan is None or self.kept:
            return
        told = leaving if isinstance(leaving, Rendered) else [*self._out.events, *leaving]
        self.kept = True
        self.kept = await self._state.engine.keeper.keep(self.plan, told)

    async def _conclude(self, make: Callable[[Sequence[Event]], list[Event]]) -> None:
        """End the turn early, with the events that `make` returns for those that have left; in a thread if
        there are many.
        """
        await self._out.flush()
        told, added = self._out.events, self._out.added
        events = await in_thread(make, told) if len(told) > _READ_AT_ONCE else make(told)
        await self.keep(events)
        for event in events:
            self._out.put(self._out.numbered(event, since=added))
        self.over = True
        await self._out.finish()

    async def cancel(self) -> None:
        """End the turn as `response.cancel` asks."""
        ending = self._state.settings.behaviour.cancelled_event
        await self._conclude(partial(cancelled, opening=self.opening, ending=ending))

    def changed(self, reply: Reply) -> Reply:
        """Return the reply as faults have altered it."""
        return reply if self._change is None else self._change(reply)

    # What faults may do

    def encode(self, event: Event) -> bytes:
        """Return the event as it would leave."""
        return self._writer.encode(event)

    async def inject(self, faults: Sequence[Planned], event: Event | None = None) -> Effect:
        """Inject faults in their order, at this event of the plan if there is one."""
        self._planned = event
        return await super().inject(faults, event)

    def numbered(self, event: Event) -> Event:
        """Return the event with its sequence number, increased by the number of events that were inserted
        before it.
        """
        return self._out.numbered(event)

    @property
    def next_number(self) -> int:
        """The sequence number of the next event."""
        return self._out.number_in_thread(self._planned)

    async def send(self, event: Event) -> None:
        """Send an event of the fault's own making; a `keepalive` takes a sequence number (reported). If the
        client can read it as the end of the response, the response has ended, whatever follows.
        """
        if event.type == "keepalive":
            self._out.add(event)
        else:
            if event.type in TERMINAL:
                await self.keep([event])
            self._settle(event.type)
            self._out.put(event)
        await self._out.flush()

    def _settle(self, type_: str) -> None:
        if self._planned is not None and type_ == self._planned.type:
            self._out.settle(self._planned)

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self._writer.raw(data)

    async def below(self, data: bytes) -> None:
        """Send bytes below the transport's own framing."""
        await self._writer.below(data)

    def hold_back(self, events: int) -> None:
        """Let the current event leave after `events` later ones."""
        if self.event is not None:
            self._settle(self.event.type)
            self._out.hold(self.event, events)

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame and close; on HTTP the connection just ends."""
        self._end(how="close" if self.transport == "websocket" else "fin", code=code, reason=reason)
        await self._writer.close(code, reason)

    async def pause(self, seconds: float | None) -> None:
        """Send nothing for `seconds` (None: until the client gives up). After the turn's last event there is
        nothing to hold back, because the client has the whole answer.
        """
        await self._out.flush()
        if not TERMINAL.isdisjoint(self._out.types):
            self._on_complete()
        if seconds is None:
            await asyncio.get_running_loop().create_future()
        else:
            time = asyncio.get_running_loop().time
            until = time() + seconds
            while time() < until and not self.cancelled:  # an inserted event rings the alarm too
                await self.alarm.sleep_until(until)

    def shift(self, seconds: float) -> None:
        """Delay the rest of the turn by this number of seconds."""
        self.began += seconds

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with an HTTP status, as long as nothing has left."""
        self._out.note("status", {"status": status})
        self.over = True
        await self._writer.status(status, headers, body)

    async def fail(self, error: ApiError) -> None:
        """Report an error as the API does, before or within the stream."""
        error = error.about(self.model) if self.model else error
        if not self._writer.streams:
            self._out.waiting.clear()
        await self._out.flush()
        if self._out.sent:
            flat = self._state.settings.behaviour.error_events == "flat"
            await self._conclude(partial(failed, error=error, opening=self.opening, flat=flat))
            return
        self.over = True
        self._out.note("status", redact.error(error))
        if self._lanes is not None:
            self._lanes.evict(self._lane, self.previous_response_id)
        await self._writer.error(error)

    async def cut_short(self, reason: str) -> None:
        """End the response as incomplete; before its first event there is nothing to end."""
        if self._out.events or self.opening is not None:
            read = self.plan.input_tokens if self.plan else 0
            await self._conclude(partial(incomplete, reason=reason, opening=self.opening, input_tokens=read))

    def alter(self, change: Callable[[Reply], Reply]) -> None:
        """Change what the model is going to say."""
        before = self._change
        self._change = change if before is None else lambda reply: change(before(reply))

    async def _before_fault(self, planned: Planned) -> None:
        await self._out.flush()
        self._out.note("fault", planned.noted())

    def _end(self, *, how: str, code: int | None = None, reason: str = "") -> None:
        self.over = True
        super()._end(how=how, code=code, reason=reason)
