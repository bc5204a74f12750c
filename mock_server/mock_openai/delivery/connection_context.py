"""The fault context of a connection on which no turn runs; `turn_context` adds the turn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from mock_openai.delivery.writer import Breakable
from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.planned import Planned
from mock_openai.journal.entries import Kind
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event
from mock_openai.state import ClientConnection, ServerState
from mock_openai.wire.frames import frame


class ConnectionContext(FaultContext):
    """A connection without a turn."""

    def __init__(self, state: ServerState, connection: ClientConnection, tcp: Breakable) -> None:
        self.transport = connection.transport
        self._state = state
        self._connection = connection
        self._tcp = tcp

    async def inject(self, faults: Sequence[Planned], event: Event | None = None) -> Effect:
        """Inject faults in their order, up to the first that stops."""
        effect = Effect.GO_ON
        for planned in faults:
            await self._before_fault(planned)
            self.event = self.numbered(event) if event is not None else None
            try:
                outcome = await planned.fault.inject(self)
            finally:
                self.event = None
            if outcome is Effect.STOP:
                return outcome
            if outcome is Effect.SKIP_EVENT:
                effect = outcome
        return effect

    def numbered(self, event: Event) -> Event:
        """Return the event unchanged: sequence numbers move only within a turn."""
        return event

    def encode(self, event: Event) -> bytes:
        """Return the event as a frame."""
        return frame(event.data)

    async def send(self, event: Event) -> None:
        """Send an event outside of any turn."""
        self._tcp.write(self.encode(event))
        self._note("event", event)

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._tcp.write(data)

    async def reset(self) -> None:
        """Break the connection with a TCP reset."""
        self._end(how="reset")
        await self._tcp.reset()

    async def fin(self) -> None:
        """End the connection without a close frame."""
        self._end(how="fin")
        await self._tcp.fin()

    async def half_open(self) -> None:
        """Go silent for good."""
        self._end(how="half_open")
        await self._tcp.half_open()

    async def pause(self, seconds: float | None) -> None:
        """Send nothing for `seconds` (None: until the client gives up)."""
        if seconds is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(seconds)

    async def fail(self, error: ApiError) -> None:
        """Report an error outside of any turn."""
        await self.send(Event("error", json.compact(error.frame())))

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for a while."""
        self._state.refuse(seconds)

    async def _before_fault(self, planned: Planned) -> None:
        self._note("fault", planned.noted())

    def _note(self, kind: Kind, data: Mapping[str, Any] | Event) -> None:
        self._state.note(kind, self._connection.number, data)

    def _end(self, *, how: str, code: int | None = None, reason: str = "") -> None:
        self._connection.end("fault", how=how, code=code, reason=reason)
