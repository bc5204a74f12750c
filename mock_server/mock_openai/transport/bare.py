"""What faults may do where there is no turn: before the handshake is answered, and on a quiet socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from mock_openai.faults.plan import Planned
from mock_openai.faults.wire import Verdict
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event
from mock_openai.protocol.reply import Reply
from mock_openai.site import Connection, Site
from mock_openai.transport.reply import HttpReply
from mock_openai.transport.tcp import Line
from mock_openai.wire.frames import close_frame, frame


async def strike(struck: Sequence[Planned], wire: BareWire) -> Verdict:
    """Let faults strike in their order; the first that stops is the last."""
    for planned in struck:
        wire.note(planned)
        if await planned.fault.strike(wire) is Verdict.STOP:
            return Verdict.STOP
    return Verdict.GO_ON


class BareWire:
    """A connection without a turn. What only makes sense within a turn does nothing."""

    event: Event | None = None
    encrypted = False
    previous_response_id: str | None = None
    model: str | None = None

    def __init__(self, site: Site, connection: Connection, line: Line) -> None:
        self._site = site
        self._connection = connection
        self._line = line

    @property
    def transport(self) -> Literal["http", "websocket"]:
        """Which transport the connection is for."""
        return self._connection.transport

    def note(self, planned: Planned) -> None:
        """Write down that a fault strikes."""
        told = {"fault": planned.fault.name, "point": planned.point.describe()}
        self._site.note("fault", self._connection.number, told)

    def encode(self, event: Event) -> bytes:
        """Give the event as a frame."""
        return frame(event.data)

    async def send(self, event: Event) -> None:
        """Send an event outside of any turn."""
        self._line.write(self.encode(event))
        self._site.note("event", self._connection.number, event)

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._line.write(data)

    async def below(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._line.write(data)

    def hold_back(self, events: int) -> None:
        """No event is under way that could be held back."""

    async def reset(self) -> None:
        """Break the connection with a TCP reset."""
        self._connection.end("fault", how="reset")
        await self._line.reset()

    async def fin(self) -> None:
        """End the connection without a farewell."""
        self._connection.end("fault", how="fin")
        await self._line.fin()

    async def close(self, code: int | None, reason: str = "") -> None:
        """End the connection; a subclass that has a protocol for it says farewell."""
        await self.fin()

    async def half_open(self) -> None:
        """Go silent for good."""
        self._connection.end("fault", how="half_open")
        await self._line.half_open()

    async def pause(self, seconds: float | None) -> None:
        """Hold the connection back."""
        if seconds is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(seconds)

    def shift(self, seconds: float) -> None:
        """Nothing is under way that could leave later."""

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """It is too late for a status."""
        await self.fin()

    async def fail(self, error: ApiError) -> None:
        """Report an error outside of any turn."""
        await self.send(Event("error", json.compact(error.frame())))

    async def cut_short(self, reason: str) -> None:
        """Nothing is under way that could be incomplete."""

    def alter(self, change: Callable[[Reply], Reply]) -> None:
        """Nothing is about to be said."""

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for a while."""
        self._site.refuse(seconds)


class HandshakeWire(BareWire):
    """Before the upgrade, or an HTTP connection's first request, is answered."""

    def __init__(self, site: Site, connection: Connection, line: Line, reply: HttpReply) -> None:
        super().__init__(site, connection, line)
        self._reply = reply

    async def send(self, event: Event) -> None:
        """Nothing can be sent yet."""

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with this status."""
        self._site.note("status", self._connection.number, {"status": status})
        await self._reply.whole(status, headers, body)

    async def fail(self, error: ApiError) -> None:
        """Answer with the error as a status."""
        self._site.note("status", self._connection.number, error.noted())
        await self._reply.error(error)


class HelloWire(BareWire):
    """Before a TLS handshake is answered: nothing but bytes can be sent, and nobody would understand most."""

    encrypted = True

    async def send(self, event: Event) -> None:
        """Nothing can be sent yet."""

    async def fail(self, error: ApiError) -> None:
        """There is nobody to tell yet."""
        await self.fin()


class QuietWire(BareWire):
    """A WebSocket between turns or at a moment. `gate` holds back turns while a fault pauses."""

    def __init__(self, site: Site, connection: Connection, line: Line, gate: asyncio.Event) -> None:
        super().__init__(site, connection, line)
        self._gate = gate

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame and end the connection."""
        self._connection.end("fault", how="close", code=code, reason=reason)
        self._line.write(close_frame(code, reason))
        await self._line.fin()

    async def pause(self, seconds: float | None) -> None:
        """Hold back whatever the socket would send, pongs excepted."""
        self._gate.clear()
        try:
            await super().pause(seconds)
        finally:
            self._gate.set()
