"""Faults that are injected by the clock: while a connection is idle, or at a time since it opened.

Each connection has its own timers. The owner calls `arm` whenever the connection becomes idle or busy; a
change of the fault plan arms them again automatically.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mock_openai.delivery.connection_context import ConnectionContext
from mock_openai.faults.planned import Planned
from mock_openai.faults.trigger import Position
from mock_openai.state import ClientConnection, ServerState


class TimedFaults:
    """The timers of one connection.

    `idle` returns whether no turn is under way. On a WebSocket, faults planned for a time since the
    connection opened are injected at any time (`always`), because its turns only inject their own; an HTTP
    exchange injects those that fall within it.
    """

    def __init__(
        self,
        state: ServerState,
        connection: ClientConnection,
        context: ConnectionContext,
        *,
        idle: Callable[[], bool],
        always: bool = False,
    ) -> None:
        self._state = state
        self._connection = connection
        self._context = context
        self._idle = idle
        self._always = always
        self._timers: list[asyncio.TimerHandle] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._unwatch = state.faults.watch(self.arm)

    def arm(self) -> None:
        """Set the timers for the faults that are planned now; idle time, if any, counts from now."""
        self._disarm()
        if not self._state.faults:
            return
        idle = self._idle()
        loop = asyncio.get_running_loop()
        position = Position(self._connection.number, self._connection.turns, self._state.turns)
        if idle:
            for planned in self._state.faults.due("idle", position):
                self._timers.append(loop.call_later(planned.trigger.at or 0.0, self._fire, planned))
        if idle or self._always:
            for planned in self._state.faults.due("moment", position):
                if planned.trigger.turn is None and planned.trigger.at is not None:
                    when = max(self._connection.opened + planned.trigger.at, loop.time())
                    self._timers.append(loop.call_at(when, self._fire, planned))

    def end(self) -> None:
        """Stop watching; the connection is over."""
        self._unwatch()
        self._disarm()
        for task in tuple(self._tasks):
            task.cancel()

    def _disarm(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _fire(self, planned: Planned) -> None:
        if not self._idle() and not (self._always and planned.trigger.phase == "moment"):
            return
        if self._state.faults.claim(planned):
            task = asyncio.get_running_loop().create_task(self._inject(planned))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _inject(self, planned: Planned) -> None:
        try:
            await self._context.inject([planned])
        except ConnectionError:
            return
