"""Pings on a WebSocket, and closing it when idle.

Whether the real API does either is not known, so both are off unless an option turns them on.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from mock_openai.clock import Clock, Timer
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.transport.tcp import TcpConnection
from mock_openai.wire.frames import PING, frame

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine beside the reader of a socket."""


class IdleTimers:
    """The timers of one socket. `idle` returns whether no turn is under way."""

    def __init__(
        self, behaviour: Behaviour, clock: Clock, tcp: TcpConnection, *, idle: Callable[[], bool]
    ) -> None:
        self._clock = clock
        self._ping_interval = behaviour.ping_interval
        self._idle_timeout = behaviour.idle_timeout
        self._tcp = tcp
        self._idle = idle
        self._timers: dict[str, Timer] = {}
        self._close: Callable[[], None] = lambda: None

    def begin(self, spawn: Spawn, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start the timers; `close` ends the socket."""
        self._close = lambda: spawn(close())
        if self._ping_interval is not None:
            self._later("ping", self._ping_interval, self._ping)
        self.restart()

    def restart(self) -> None:
        """Measure idleness from now."""
        if self._idle_timeout is not None:
            self._later("idle", self._idle_timeout, self._expire)

    def end(self) -> None:
        """Stop the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _later(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = self._clock.call_later(seconds, act)

    def _ping(self) -> None:
        if self._tcp.gone:
            return
        self._tcp.write(frame(b"", PING))
        assert self._ping_interval is not None, "a ping has an interval"
        self._later("ping", self._ping_interval, self._ping)

    def _expire(self) -> None:
        if self._idle():
            self._close()
