"""The turns of one WebSocket: queued by lane, each played at once or by a Delivery of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from mock_openai.delivery import Delivery
from mock_openai.delivery.play import play_at_once
from mock_openai.faults.trigger import Position
from mock_openai.memory import LaneMemory
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import Rendered
from mock_openai.state import ClientConnection, ServerState
from mock_openai.threads import in_thread
from mock_openai.transport.body import LARGE_BODY
from mock_openai.transport.idle_timers import Spawn
from mock_openai.transport.inject import inject_failed, injected, read_inject
from mock_openai.transport.messages import as_noted
from mock_openai.transport.queue import Create, TurnQueue
from mock_openai.transport.steering import Steering
from mock_openai.transport.websocket_writer import Socket, WebSocketWriter
from mock_openai.turn.plan import Caller, Plan
from mock_openai.turn.request_cache import ReceivedRequest
from mock_openai.wire.frames import frame, text_around

_HEAD = b'{"method":"WEBSOCKET","path":"/v1/responses"}'
_AUTOMATIC = b'{"method":"WEBSOCKET","path":"/v1/responses","automatic":true}'
"""The create of a successor, for which nobody sent a request."""


class SocketTurns:
    """The turns of one WebSocket. `restart_idle_timer` is called after a turn that was played at once,
    `ended` after any other.
    """

    def __init__(
        self,
        state: ServerState,
        connection: ClientConnection,
        socket: Socket,
        caller: Caller,
        lanes: LaneMemory,
        *,
        spawn: Spawn,
        restart_idle_timer: Callable[[], None],
        ended: Callable[[], Awaitable[None]],
    ) -> None:
        behaviour = state.settings.behaviour
        self.queue = TurnQueue(behaviour.max_waiting)
        self.steering = Steering(state.engine.ids, behaviour, lanes)
        self.closing = False
        """Whether the connection has reached its age limit, so that no successor begins."""
        self.caller = caller
        self._state = state
        self._connection = connection
        self._socket = socket
        self._lanes = lanes
        self._behaviour = behaviour
        self._spawn = spawn
        self._restart_idle_timer = restart_idle_timer
        self._ended = ended
        self._time = asyncio.get_running_loop().time
        self._deliveries: dict[int, Delivery] = {}
        self._room = asyncio.Event()
        self._room.set()

    async def has_room(self) -> None:
        """Wait until another create can be queued."""
        if self.queue.is_full():
            self._room.clear()
            await self._room.wait()

    def play_or_queue(self, received: ReceivedRequest) -> None:
        """Play a create of the default lane that arrived alone, at once if that is possible."""
        create = Create(None, self.count(received, None), received)
        plan = None
        # A submission that waits for its parent may still change it.
        if self.queue.is_idle() and not self.steering.waits_for(received.body.get("previous_response_id")):
            plan = self._state.planned(received, self.caller, create.position)
        if plan is None or not self._played(create, plan):
            self.queue.push(create)
            self.pump(plan)

    def push(self, received: ReceivedRequest, lane: str | None) -> None:
        """Queue a create."""
        self.queue.push(Create(lane, self.count(received, lane), received))
        self.pump()

    async def steer(self, message: dict[str, Any], size: int) -> None:
        """Handle `response.steer`, a message of `size` bytes. Raises ApiError."""
        given = message, self._state.journal.redactor
        noted = await in_thread(as_noted, *given) if size > LARGE_BODY else as_noted(*given)
        self._state.note("request", self._connection.number, {**noted, "event": "response.steer"})
        refused = await self.steering.submit(message, size, tuple(self._deliveries.values()))
        if refused is not None:
            await self._send(refused)

    async def inject(self, message: dict[str, Any]) -> None:
        """Handle `response.inject`. Raises ApiError."""
        wanted = read_inject(message)
        known = self.steering.knows(wanted)
        for delivery in tuple(self._deliveries.values()):
            if delivery.response_id == wanted:
                if not delivery.out.ended:
                    await delivery.insert(partial(injected, message, delivery.lane))
                    return
                known = True
        await self._send(inject_failed(message, 0, known=known))

    def count(self, received: ReceivedRequest, lane: str | None, *, automatic: bool = False) -> Position:
        """Count a create and note it in the journal."""
        position = self._state.next_turn(self._connection, warms_up=received.body.get("generate") is False)
        head = _AUTOMATIC if automatic else _HEAD
        body = received.noted(self._state.journal.redactor)
        self._state.note_create(position, head, body, self._time(), lane=lane)
        return position

    def cancel(self, message: Mapping[str, Any]) -> None:
        """Handle `response.cancel`, if this server honours it."""
        if self._behaviour.on_cancel == "honour":
            # A response that is over, or was never begun, gets no reply at all: a client that drains the
            # cancelled turn would take any frame for one of its next.
            wanted = message.get("response_id")
            for delivery in tuple(self._deliveries.values()):
                if wanted is None or delivery.response_id == wanted:
                    delivery.cancel()

    def pump(self, plan: Plan | None = None) -> None:
        """Start the creates that may run now; `plan` belongs to a create that arrived alone."""
        for create in self.queue.start():
            self._spawn(self._turn(create, plan))
        if not self.queue.is_full():
            self._room.set()

    def _played(self, create: Create, plan: Plan) -> bool:
        """Play a create at once, if its plan allows that and nothing waits to be written."""
        if not self._socket.is_clear():
            return False
        rendered = play_at_once(
            self._state, plan, create.position, self._write_whole, self._time, lane=create.lane
        )
        if rendered is None:
            return False
        completed, number = rendered.status == "completed", len(rendered.types)
        self.steering.ended(rendered.response_id, create.lane, completed, number)
        self._restart_idle_timer()
        return True

    def _write_whole(self, rendered: Rendered) -> None:
        self._socket.tcp.write(rendered.wire(text_around))

    async def _turn(self, create: Create, plan: Plan | None) -> None:
        """Answer a create that may run now."""
        joined = self.steering.join(create)
        carried = None if joined is create else str(create.received.body["previous_response_id"])
        await self._answer(create, joined, plan, queued=create, carried=carried)

    async def _answer(
        self,
        create: Create,
        joined: Create,
        plan: Plan | None,
        *,
        queued: Create,
        carried: str | None,
        steered: Delivery | None = None,
    ) -> None:
        """Answer a create, and settle the submissions for its response.

        `joined` is the create with the submissions for the response `carried`. `queued` is the create that
        holds the lane: this one or, for a successor, that of the `steered` response.
        """
        settling = False

        def begun() -> None:
            if carried is not None:
                self.steering.committed(carried)

        def complete() -> None:
            # The client has the whole answer, so the next turn need not wait for a fault after its last
            # event.
            nonlocal settling
            if not settling:
                settling = True
                self._spawn(self._settle(create, delivery, queued))

        writer = WebSocketWriter(self._socket, create.lane, tells_errors=steered is None)
        delivery = Delivery(
            self._state,
            writer,
            self._connection,
            create.position,
            lane=create.lane,
            lanes=self._lanes,
            on_begin=begun,
            on_complete=complete,
        )
        self._deliveries[create.position.number] = delivery
        try:
            await delivery.run(joined.received, self.caller, plan)
            if steered is not None and carried is not None and delivery.response_id is None:
                why = "The successor response could not be created."
                await self.steering.give_back(carried, steered, why)
        except BaseException as error:
            if not settling:  # otherwise the next create of this lane would wait for ever
                self.queue.finish(queued)
            if isinstance(error, ConnectionError):
                return  # the reader notices this too, and ends the session
            raise
        finally:
            del self._deliveries[create.position.number]
        if not settling:
            await self._settle(create, delivery, queued)
        if delivery.socket_ends_at is not None and not self._socket.tcp.gone:
            self._spawn(self._end_socket(delivery, delivery.socket_ends_at))

    async def _settle(self, create: Create, delivery: Delivery, queued: Create) -> None:
        """Start the successor that takes the submissions for a response that has left, or free its lane."""
        body = None
        try:
            with contextlib.suppress(ConnectionError):
                body = await self.steering.after(create, delivery, closing=self.closing)
        finally:
            if body is None:
                self.queue.finish(queued)
        if body is not None:
            # A successor is counted, although nobody sent a request for it.
            received = ReceivedRequest(body, create.received.size)
            successor = Create(create.lane, self.count(received, create.lane, automatic=True), received)
            carried = delivery.response_id
            answer = self._answer(
                successor, successor, None, queued=queued, carried=carried, steered=delivery
            )
            self._spawn(answer)
        elif not self._socket.tcp.gone:
            await self._ended()

    async def _end_socket(self, delivery: Delivery, at: float) -> None:
        """End the socket as the recording ended after this turn, unless another turn is under way."""
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        if self.queue.is_idle() and not self._socket.tcp.gone:
            await delivery.end_socket()

    async def _send(self, event: Event) -> None:
        self._state.note("event", self._connection.number, event)
        await self._socket.write(frame(event.data))
