"""One turn on its way out: events leave when due, faults strike where planned, and what really left is
written down.

A Delivery drives an Outlet, which is what a transport offers for one answer. It is the Wire that faults act
on: the outlet's means plus the turn's. The same code serves SSE, plain JSON and WebSocket.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mock_openai.background import Live
from mock_openai.closing import cancelled, failed, incomplete
from mock_openai.engine import TERMINAL, OpenTurn
from mock_openai.faults.plan import Passage, Planned
from mock_openai.faults.point import Spot
from mock_openai.faults.wire import Verdict
from mock_openai.memory import Lanes
from mock_openai.outflow import Outflow
from mock_openai.outlet import Outlet
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError, server_error
from mock_openai.protocol.events import Event, Timed
from mock_openai.protocol.reply import Reply
from mock_openai.responders.answer import Close, Recorded
from mock_openai.site import Connection, Site

logger = logging.getLogger("mock_openai")


class Delivery:
    """One turn, from the request that has been read to its last byte."""

    def __init__(
        self,
        site: Site,
        outlet: Outlet,
        connection: Connection,
        spot: Spot,
        *,
        lane: str | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        self.spot = spot
        self.transport = outlet.transport
        self.event: Event | None = None
        """The event at the point where a fault strikes."""
        self.previous_response_id: str | None = None
        self._site = site
        self._outlet = outlet
        self._connection = connection
        self._lane = lane
        self._lanes = lanes
        self._passage = Passage(site.plan, spot)
        self._loop = asyncio.get_running_loop()
        self._began = self._arrived = self._loop.time()
        self._beat: float | None = None
        """Seconds of silence after which a `keepalive` event is due; None for never."""
        self._opening: Event | None = None
        """The turn's first event, whether or not it left."""
        self._opened: OpenTurn | None = None
        self._out = Outflow(site, outlet, spot, lane)
        self._change: Callable[[Reply], Reply] | None = None
        self._cancel = False
        self._alarm: asyncio.Future[None] | None = None
        self._over = False

    @property
    def response_id(self) -> str | None:
        """The response's id, once its first event has left."""
        return self._out.response_id

    async def run(self, body: Mapping[str, Any], *, size: int, key: str | None) -> None:
        """Answer the create; ConnectionError when the client is gone before the end."""
        parent = body.get("previous_response_id")
        self.previous_response_id = parent if isinstance(parent, str) else None
        engine = self._site.engine
        opened: OpenTurn | None = None
        live: Live | None = None
        try:
            if await self._strike(self._site.plan.take("request", self.spot)) is Verdict.STOP:
                return
            opened = await engine.open(
                body,
                transport=self.transport,
                connection=self.spot.connection,
                number=self.spot.turn,
                key=key,
                lanes=self._lanes,
                size=size,
            )
            self._opened = opened
            answer = await engine.answer(opened.turn)
            if isinstance(answer, Reply) and self._change is not None:
                answer = self._change(answer)
            if isinstance(answer, ApiError):
                await self.fail(answer)
            elif isinstance(answer, Recorded) and answer.body is not None and not answer.events:
                await self._replay_body(answer)
            elif isinstance(answer, Reply) and self.transport == "http" and _in_background(opened):
                live = self._site.background.begin(opened, answer)
                await self.watch(live)
            else:
                await self._stream(opened, answer)
        except ConnectionError:
            raise
        except Exception as error:
            # A responder is the user's own code: what it raises is answered and logged, and the connection
            # lives on.
            logger.exception("turn %d of connection %d failed", *self._place)
            if not self._over:
                await self.fail(_responder_failed(error))
        finally:
            if opened is not None and live is None:
                await engine.remember(opened, self._out.sent, self._lanes)

    async def watch(self, live: Live, after: int = -1) -> None:
        """Show a response of the background from the event after this number, as it grows; a plain JSON
        answer shows its beginning.
        """
        place = after + 1
        while True:
            while place < len(live.events):
                if await self._pass(live.events[place]) is Verdict.STOP:
                    if not self._over:
                        await self._out.finish()
                    return
                place += 1
            if live.over or not self._outlet.streams:
                break
            await self._out.flush()
            if place == len(live.events):
                await live.news()
        await self._out.finish()

    async def repeat(self, recorded: Recorded) -> None:
        """Repeat the recorded answer to a request that creates nothing, with its times, faults and ending."""
        if recorded.body is not None and not recorded.events:
            await self._replay_body(recorded)
        else:
            await self._stream(None, recorded)

    def cancel(self) -> None:
        """End the turn at once, as `response.cancel` asks; no effect once its last event is on its way."""
        self._cancel = True
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    # The stream

    async def _stream(self, opened: OpenTurn | None, answer: Reply | Recorded) -> None:
        if isinstance(answer, Recorded):
            raw_reads = self._outlet.adopt(answer)
            chunks = self._recorded_reads(answer) if raw_reads and not self._passage.threatened else None
            if chunks is not None:
                await self._repeat(answer, chunks)
                await self._end_as_recorded(answer)
                return
        elif self._outlet.streams and self.transport == "http":
            self._beat = self._site.settings.keepalive
        for timed in self._site.engine.timed(opened, answer):
            if timed.at:
                await self._wait_for(timed.at)
                if self._over:
                    return
            if self._opening is None:
                self._opening = timed.event
            if self._cancel and self._out.sent and timed.event.type not in TERMINAL:
                await self._conclude(cancelled(self._out.sent, opening=self._opening))
                return
            if self._passage.unthreatened(timed.event):
                self._out.put(self._out.numbered(timed.event))
                if self._out.full:
                    await self._out.make_room()
            elif await self._pass(timed.event) is Verdict.STOP:
                if not self._over:
                    await self._out.finish()
                return
        if isinstance(answer, Recorded):
            await self._end_as_recorded(answer)
        else:
            await self._out.finish()

    async def _pass(self, event: Event) -> Verdict:
        """Let one event out, with the faults before and after it."""
        struck = self._passage.before(event)
        if struck:
            verdict = await self._strike(struck, self._out.numbered(event))
            if verdict is Verdict.STOP:
                return verdict
            if verdict is Verdict.SKIP_EVENT:
                return Verdict.GO_ON
        event = self._out.numbered(event)
        self._out.put(event)
        struck = self._passage.after(event)
        if struck and await self._strike(struck, event) is Verdict.STOP:
            return Verdict.STOP
        if self._out.full:
            await self._out.make_room()
        return Verdict.GO_ON

    async def _wait_for(self, at: float) -> None:
        """Wait until an event is due, letting faults strike that are planned for a moment before."""
        while not self._cancel:
            due = self._began + at
            moment = self._next_moment()
            until = due if moment is None else min(due, moment[0])
            if until > self._loop.time():
                await self._out.flush()
                beat = self._next_beat()
                await self._sleep(min(until, beat) - self._loop.time())
                if beat < until and not self._cancel:
                    await self._keep_alive()
                    continue
            if moment is None or moment[0] > due or self._cancel:
                if self._cancel or self._loop.time() >= self._began + at:
                    return
                continue
            if self._site.plan.claim(moment[1]) and await self._strike([moment[1]]) is Verdict.STOP:
                self._over = True
                return

    def _next_beat(self) -> float:
        return float("inf") if self._beat is None or not self._out.sent else self._out.spoke + self._beat

    async def _keep_alive(self) -> None:
        """Send the undocumented event of long silences; it takes a sequence number (reported)."""
        keepalive = {"type": "keepalive", "sequence_number": self._out.next_number}
        self._out.add(Event("keepalive", json.compact(keepalive)))
        await self._out.flush()

    def _next_moment(self) -> tuple[float, Planned] | None:
        moments: list[tuple[float, Planned]] = []
        for planned in self._site.plan.due("moment", self.spot):
            point = planned.point
            if point.at is None:
                continue
            if point.turn is not None:
                moments.append((self._arrived + point.at, planned))
            elif self.transport == "http":
                moments.append((self._connection.opened + point.at, planned))
        return min(moments, key=lambda moment: moment[0], default=None)

    async def _sleep(self, seconds: float) -> None:
        self._alarm = self._loop.create_future()
        handle = self._loop.call_later(seconds, _ring, self._alarm)
        try:
            await self._alarm
        finally:
            handle.cancel()
            self._alarm = None

    async def _conclude(self, events: list[Event]) -> None:
        for event in events:
            self._out.put(event)
        self._over = True
        await self._out.finish()

    # Recordings

    def _recorded_reads(self, answer: Recorded) -> list[tuple[float, bytes]] | None:
        scale = getattr(self._site.engine.pace, "scale", None)
        if scale is None or answer.chunks is None:
            return None
        return [(at * scale, data) for at, data in answer.chunks]

    async def _repeat(self, answer: Recorded, chunks: list[tuple[float, bytes]]) -> None:
        """Repeat recorded network reads, and note each event when the last of its bytes has left."""
        events = _event_ends(answer.events, self._outlet.encode)
        ahead = next(events, None)
        written = 0
        for at, data in chunks:
            await self._wait_for(at)
            if self._over:
                return
            await self._outlet.raw(data)
            written += len(data)
            while ahead is not None and ahead[0] <= written:
                self._out.waiting.append(ahead[1])
                ahead = next(events, None)
            self._out.note_sent()

    async def _end_as_recorded(self, answer: Recorded) -> None:
        if self._over:
            return
        await self._out.flush()
        match answer.ending:
            case "reset":
                await self.reset()
            case "fin":
                await self.fin()
            case Close(code=code, reason=reason):
                await self.close(code, reason)
            case _:
                await self._out.finish()

    async def _replay_body(self, answer: Recorded) -> None:
        self._out.note("status", {"status": answer.status})
        if self._lanes is not None and answer.status >= 400:
            self._lanes.evict(self._lane, self.previous_response_id)
        await self._outlet.body(answer)

    # What faults may do (the Wire)

    async def _strike(self, struck: list[Planned], event: Event | None = None) -> Verdict:
        """Let faults strike in their order; the first that stops the turn is the last."""
        verdict = Verdict.GO_ON
        for planned in struck:
            await self._out.flush()
            self._out.note("fault", {"fault": planned.fault.name, "point": planned.point.describe()})
            self.event = event
            try:
                outcome = await planned.fault.strike(self)
            finally:
                self.event = None
            if outcome is Verdict.STOP:
                return outcome
            if outcome is Verdict.SKIP_EVENT:
                verdict = outcome
        return verdict

    def encode(self, event: Event) -> bytes:
        """Give the event as it would leave."""
        return self._outlet.encode(event)

    async def send(self, event: Event) -> None:
        """Send an event of the fault's own making; a `keepalive` takes a sequence number (reported)."""
        if event.type == "keepalive":
            self._out.add(event)
        else:
            self._out.put(event)
        await self._out.flush()

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self._outlet.raw(data)

    async def reset(self) -> None:
        """Break the connection with a TCP reset."""
        self._end(how="reset")
        await self._outlet.reset()

    async def fin(self) -> None:
        """End the connection without a farewell."""
        self._end(how="fin")
        await self._outlet.fin()

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame and close; on HTTP the connection just ends."""
        self._end(how="close" if self.transport == "websocket" else "fin", code=code, reason=reason)
        await self._outlet.close(code, reason)

    async def half_open(self) -> None:
        """Go silent for good."""
        self._end(how="half_open")
        await self._outlet.half_open()

    async def pause(self, seconds: float | None) -> None:
        """Hold the turn back; None until the client gives up."""
        await self._out.flush()
        if seconds is None:
            await self._loop.create_future()
        else:
            await self._sleep(seconds)

    def shift(self, seconds: float) -> None:
        """Let the rest of the turn leave so much later."""
        self._began += seconds

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with an HTTP status, while nothing has left."""
        self._out.note("status", {"status": status})
        self._over = True
        await self._outlet.status(status, headers, body)

    async def fail(self, error: ApiError) -> None:
        """Report an error as the API does, before or within the stream."""
        if not self._outlet.streams:
            self._out.waiting.clear()
        if self._out.sent:
            await self._conclude(failed(self._out.sent, error, opening=self._opening))
            return
        self._over = True
        self._out.note("status", {"status": error.status, "code": error.code, "error": error.body()["error"]})
        if self._lanes is not None:
            self._lanes.evict(self._lane, self.previous_response_id)
        await self._outlet.error(error)

    async def cut_short(self, reason: str) -> None:
        """End the response as incomplete; before its first event there is nothing to end."""
        told = [*self._out.sent, *self._out.waiting]
        if told or self._opening is not None:
            read = self._opened.input_tokens if self._opened else 0
            await self._conclude(incomplete(told, reason, opening=self._opening, input_tokens=read))

    def alter(self, change: Callable[[Reply], Reply]) -> None:
        """Change what the model is going to say."""
        before = self._change
        self._change = change if before is None else lambda reply: change(before(reply))

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for a while."""
        self._site.refuse(seconds)

    @property
    def _place(self) -> tuple[int, int]:
        return self.spot.connection, self.spot.turn

    def _end(self, *, how: str, code: int | None = None, reason: str = "") -> None:
        self._over = True
        self._connection.end("fault", how=how, code=code, reason=reason)


def _in_background(opened: OpenTurn) -> bool:
    return opened.turn.request is not None and opened.turn.request.background


def _ring(alarm: asyncio.Future[None]) -> None:
    if not alarm.done():
        alarm.set_result(None)


def _event_ends(events: tuple[Timed, ...], encode: Callable[[Event], bytes]) -> Iterator[tuple[int, Event]]:
    end = 0
    for timed in events:
        end += len(encode(timed.event))
        yield end, timed.event


def _responder_failed(error: Exception) -> ApiError:
    known = server_error()
    return ApiError(
        f"This mock server failed to answer: {type(error).__name__}: {error}",
        status=500,
        type=known.type,
        code=known.code,
    )
