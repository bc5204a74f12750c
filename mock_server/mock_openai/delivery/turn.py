"""Delivers one turn, from its request to its last byte, over SSE, plain JSON and WebSocket alike.

A Delivery asks the engine for the answer, waits until each event is due (`due`), injects faults where planned
(`turn_context`), and notes the events that left (`sent`). It writes to a ResponseWriter and knows no socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable

from mock_openai.delivery.due import Due
from mock_openai.delivery.recorded import end_as_recorded, end_connection, reads, replay_reads
from mock_openai.delivery.relay import relay
from mock_openai.delivery.schedule import Schedule
from mock_openai.delivery.sent import SentEvents
from mock_openai.delivery.turn_context import TurnContext
from mock_openai.delivery.writer import ResponseWriter
from mock_openai.faults.context import Effect
from mock_openai.faults.plan import EventMatcher
from mock_openai.faults.trigger import Position
from mock_openai.memory import LaneMemory
from mock_openai.protocol.errors import ApiError, server_error
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.protocol.reply import Reply
from mock_openai.protocol.request import Request
from mock_openai.protocol.template import fits
from mock_openai.responders.answer import Ending, Recorded, Relayed
from mock_openai.state import ClientConnection, ServerState
from mock_openai.turn.background import Watched
from mock_openai.turn.batches import in_batches
from mock_openai.turn.plan import Caller, Plan
from mock_openai.turn.request_cache import ReceivedRequest

logger = logging.getLogger("mock_openai")


class Delivery:
    """One turn on its way out."""

    def __init__(
        self,
        state: ServerState,
        writer: ResponseWriter,
        connection: ClientConnection,
        position: Position,
        *,
        lane: str | None = None,
        lanes: LaneMemory | None = None,
        on_begin: Callable[[], None] = lambda: None,
        on_complete: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_begin` is called when the turn's first event has left, `on_complete` if the turn still does
        something after its last event.
        """
        self.position = position
        self.writer = writer
        self.out = SentEvents(state, writer, position, lane, on_begin)
        self.context = TurnContext(
            state, writer, self.out, connection, lane=lane, lanes=lanes, on_complete=on_complete
        )
        self.due = Due(state, connection, position, self.context, self.out)
        self.state = state
        self.lane = lane
        self._lanes = lanes
        self._matcher = EventMatcher(state.faults, position)
        self._recorded_end: tuple[float, Ending] | None = None

    @property
    def response_id(self) -> str | None:
        """The response's id, once its first event has left."""
        return self.out.response_id

    @property
    def request(self) -> Request | None:
        """The validated request; None until it is known."""
        return self.context.plan.request if self.context.plan is not None else None

    async def run(self, received: ReceivedRequest, caller: Caller, plan: Plan | None = None) -> None:
        """Answer a create, planned or not. Raises ConnectionError if the client is gone before the end."""
        parent, model = received.body.get("previous_response_id"), received.body.get("model")
        self.context.previous_response_id = parent if isinstance(parent, str) else None
        self.context.model = model if isinstance(model, str) else None
        planner = self.state.engine.planner
        try:
            if await self.context.inject(self.state.faults.take("request", self.position)) is Effect.STOP:
                return
            self.context.plan = plan = plan or planner.plan(received, caller, self.position.number)
            answer = await planner.finish(plan)
            self.writer.rate_limits = plan.rate_limits
            if isinstance(answer, Reply):
                changed = self.context.changed(answer)
                if changed is not answer:
                    answer = changed
                    planner.render(plan, changed)
            if isinstance(answer, ApiError):
                await self.context.fail(answer)
            elif isinstance(answer, Recorded) and answer.body is not None and not answer.events:
                await self._replay_body(answer)
            elif isinstance(answer, Reply) and self.writer.transport == "http" and _in_background(plan):
                self.context.kept = True  # by the background, once it has ended there
                await self.watch(await self.state.background.begin(plan, answer))
            elif isinstance(answer, Relayed):
                await relay(self, plan, answer)
            else:
                await self._stream(plan, answer)
        except ConnectionError:
            raise
        except ApiError as error:
            # Memory is away. What was to be kept was not, so the turn fails before its last event leaves.
            if self._lanes is not None:
                self._lanes.evict(self.lane, self.context.previous_response_id)
            if not self.context.over:
                await self.context.fail(error)
        except Exception as error:
            # A responder is the user's own code: what it raises is answered and logged, and the connection
            # lives on.
            logger.exception(
                "turn %d of connection %d failed", self.position.number, self.position.connection
            )
            if not self.context.over:
                await self.context.fail(_responder_failed(error))
        finally:
            with contextlib.suppress(ApiError):
                await self.context.keep()

    async def watch(self, live: Watched, after: int = -1) -> None:
        """Send a background response from the event after this number, as it grows; a plain JSON answer is
        its beginning.
        """
        place = after + 1
        while True:
            while place < len(live.events):
                if await self._let_out(live.events[place]) is Effect.STOP:
                    if not self.context.over:
                        await self.out.finish()
                    return
                place += 1
            if live.over or not self.writer.streams:
                break
            await self.out.flush()
            if place >= len(live.events):  # a client may resume after what has yet to come
                await live.news()
        await self.out.finish()

    async def replay(self, recorded: Recorded | Relayed) -> None:
        """Repeat the recorded answer to a request that creates nothing, with its times, faults and ending."""
        if isinstance(recorded, Relayed):
            await relay(self, None, recorded)
        elif recorded.body is not None and not recorded.events:
            await self._replay_body(recorded)
        else:
            await self._stream(None, recorded)

    @property
    def socket_ends_at(self) -> float | None:
        """The loop's time at which the recorded socket ended after this turn was finished; None if it did
        not.
        """
        return self._recorded_end[0] if self._recorded_end else None

    async def end_socket(self) -> None:
        """End the socket as the recorded one ended."""
        if self._recorded_end is not None:
            await end_connection(self, self._recorded_end[1])

    def cancel(self) -> None:
        """End the turn at once, as `response.cancel` asks; no effect once its last event is on its way."""
        self.due.cancel()

    def steer(self) -> None:
        """End the response at its next safe boundary, if one comes before its own end."""
        self.due.steer()

    async def insert(self, make: Callable[[int], Event]) -> None:
        """Send an inserted event; `make` gets its sequence number."""
        self.context.alarm.ring()
        self.out.insert(make)
        await self.out.flush()

    async def _stream(self, plan: Plan | None, answer: Reply | Recorded) -> None:
        if isinstance(answer, Recorded):
            may_read = self.writer.adopt(answer) and not self._matcher.armed
            chunks = reads(answer, self.state.engine.pace) if may_read else None
            if chunks is not None:
                await replay_reads(self, answer, chunks)
                self._recorded_end = await end_as_recorded(self, answer, self.state.engine.pace)
                return
        elif self.writer.streams and self.writer.transport == "http":
            self.due.keepalive_after = self.state.settings.behaviour.keepalive
        elif self.writer.transport == "websocket":
            self.due.keepalive_after = self.state.settings.behaviour.socket_keepalive
        schedule = self._schedule(plan, answer)
        if schedule is not None and await self._follow_schedule(schedule):
            return
        if schedule is None:
            coming = self.state.engine.timed(plan, answer)
        else:
            coming = schedule.rest(self.state.clock.wall)
            self._matcher.passed(schedule.types)
        elapsed = asyncio.get_running_loop().time() - self.context.began
        async with contextlib.aclosing(in_batches(coming, answer, elapsed)) as batches:
            async for batch in batches:
                for timed in batch:
                    if not await self.pass_on(timed.event, timed.at):
                        return
        if isinstance(answer, Recorded):
            self._recorded_end = await end_as_recorded(self, answer, self.state.engine.pace)
        else:
            await self.out.finish()

    def _schedule(self, plan: Plan | None, answer: Reply | Recorded) -> Schedule | None:
        """Render the whole turn and give each event its time; None if it has to be made event by event."""
        if plan is None or plan.render is None or not isinstance(answer, Reply) or self._may_change(None):
            return None
        # A plain JSON answer leaves at its end, whatever happens to it meanwhile.
        if not plan.at_once and not self.writer.streams:
            return None
        now, engine = self.state.clock.wall(), self.state.engine
        if not fits(now):
            return None
        times = engine.times(plan, answer)
        # Event by event, all items are made once the two events before them have left.
        rendered = plan.rendered(now, times[min(1, len(times) - 1)])
        return Schedule(rendered, times, self.writer, self.out)

    def _may_change(self, schedule: Schedule | None) -> bool:
        """Whether something may change the turn, so that its events have to be looked at one by one."""
        if self._matcher.armed or self.due.awaits_fault or self.out.changed:
            return True
        if self.due.cancelled or self.due.steered or self.context.over:
            return True
        return schedule is not None and schedule.longest_silence >= (self.due.keepalive_after or math.inf)

    async def _follow_schedule(self, schedule: Schedule) -> bool:
        """Let the events of a turn leave as they were rendered, at their times. False as soon as something
        may change the turn; the caller delivers the rest.
        """
        self.context.opening = schedule.following
        state, loop = self.state, asyncio.get_running_loop()
        while not self._may_change(schedule):
            await self.due.wait(schedule.at, schedule.following)
            if self._may_change(schedule):
                break
            if schedule.ending:
                tail = schedule.tail(state.clock.wall())
                try:
                    await self.context.keep(schedule.rendered)
                except ApiError:
                    self.context.kept = False  # memory is away: all but the last event leave all the same
                    break
                if self.out.changed:
                    break
                await self.out.leave(schedule.rendered, tail)
                return True
            began = self.context.began
            schedule.hand_over(loop.time() - began)
            await self.out.flush()
            if not schedule.ending and not self._may_change(schedule):
                await self.context.alarm.advance(began + schedule.at, schedule.advance(began, state.faults))
        return self.context.over

    async def pass_on(self, event: Event, at: float) -> bool:
        """Let one event out when it is due; False if the turn has ended otherwise."""
        if at:
            await self.due.wait(at, event)
        if self.context.over:
            return False
        if self.context.opening is None:
            self.context.opening = event
        if self.due.cancelled and self.out.sent and event.type not in TERMINAL:
            await self.context.cancel()
            return False
        if self.due.steered and self.due.ends_at(event):
            await self.context.cut_short("steered")
            return False
        if await self._let_out(event) is Effect.STOP:
            if not self.context.over:
                await self.out.finish()
            return False
        return True

    async def _let_out(self, event: Event) -> Effect:
        """Let one event out, with the faults before and after it."""
        armed = not self._matcher.skips(event)
        if armed and (planned := self._matcher.before(event)):
            effect = await self.context.inject(planned, event)
            if effect is Effect.STOP:
                return effect
            if effect is Effect.SKIP_EVENT:
                return Effect.GO_ON
        numbered = self.out.numbered(event)
        if event.type in TERMINAL:
            await self.context.keep([numbered])
            numbered = self.out.numbered(event)  # others may have been inserted meanwhile
        self.out.put(numbered)
        if armed and (planned := self._matcher.after(event)):
            self.out.settle(event)
            if await self.context.inject(planned, event) is Effect.STOP:
                return Effect.STOP
        if self.out.full:
            await self.out.make_room()
        return Effect.GO_ON

    async def _replay_body(self, answer: Recorded) -> None:
        self.out.note("status", {"status": answer.status})
        if self._lanes is not None and answer.status >= 400:
            self._lanes.evict(self.lane, self.context.previous_response_id)
        await self.writer.body(answer)


def _in_background(plan: Plan) -> bool:
    return plan.request is not None and plan.request.background


def _responder_failed(error: Exception) -> ApiError:
    known = server_error()
    return ApiError(
        f"This mock server failed to answer: {type(error).__name__}: {error}",
        status=500,
        type=known.type,
        code=known.code,
    )
