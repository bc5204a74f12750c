"""The interface between faults and the server.

A fault is a frozen dataclass with one coroutine, `inject`, that acts on a FaultContext and returns an Effect.
The context is all that a fault sees of the server, and the same for SSE, plain JSON and WebSocket.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, Protocol

from mock_openai.faults.trigger import Trigger
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event
from mock_openai.protocol.reply import Reply


class Effect(enum.Enum):
    """What becomes of the turn after a fault was injected."""

    GO_ON = "go on"
    """The event that triggered the fault leaves unchanged."""

    SKIP_EVENT = "skip event"
    """The event that triggered the fault does not leave; the turn goes on with the next one."""

    STOP = "stop"
    """Nothing more of this turn leaves. A connection that the fault left open stays usable."""


class FaultContext(abc.ABC):
    """The connection as a fault may use it. Everything sent before has left when `inject` is called.

    Methods that only make sense within a turn do nothing outside of one.
    """

    transport: Literal["http", "websocket"]
    """Which transport the fault is injected on."""
    encrypted = False
    """Whether the client has begun a TLS handshake, which this server can only fail."""
    event: Event | None = None
    """The event that triggered the fault; None outside the phase "event"."""
    previous_response_id: str | None = None
    """The response that this turn continues from, as the client named it."""
    model: str | None = None
    """The model that this turn asks for; None where there is no turn."""

    @property
    def an_event(self) -> Event:
        """The event that triggered the fault; where there is none, a `response.created` to use instead."""
        return self.event or Event("response.created", b'{"type":"response.created"}')

    @property
    def next_number(self) -> int:
        """The sequence number that an event gets if it is sent now."""
        return 0

    @abc.abstractmethod
    def encode(self, event: Event) -> bytes:
        """Return the event as it would leave: an SSE event, or a whole WebSocket frame."""

    @abc.abstractmethod
    async def send(self, event: Event) -> None:
        """Send an event of the fault's own making; its data need not be JSON, nor text."""

    @abc.abstractmethod
    async def raw(self, data: bytes) -> None:
        """Send bytes as they are: into the body of an SSE answer, or below WebSocket framing."""

    async def below(self, data: bytes) -> None:
        """Send bytes below the transport's own framing: HTTP without chunks, for instance."""
        await self.raw(data)

    def hold_back(self, events: int) -> None:  # noqa: B027
        """Let the event that triggered the fault leave after this many later events of the turn; the fault
        skips it.
        """

    @abc.abstractmethod
    async def reset(self) -> None:
        """Break the connection with a TCP reset, after the client has read what was sent before."""

    @abc.abstractmethod
    async def fin(self) -> None:
        """End the TCP connection without a close frame or a last chunk, after the client has read what was
        sent before.
        """

    async def close(self, code: int | None, reason: str = "") -> None:
        """Send a WebSocket close frame (None: without a status) and close. HTTP has none: it ends as with
        `fin`.
        """
        await self.fin()

    @abc.abstractmethod
    async def half_open(self) -> None:
        """Go silent for good: nothing is read or written, not even pongs, and the socket stays open."""

    @abc.abstractmethod
    async def pause(self, seconds: float | None) -> None:
        """Hold everything back for a while (None: until the client gives up); late events then leave in a
        burst.
        """

    def shift(self, seconds: float) -> None:  # noqa: B027
        """Delay the rest of the turn by `seconds`, at its own rhythm."""

    async def status(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with an HTTP status instead of an upgrade or a stream. Too late once either has begun: then
        `fin`.
        """
        await self.fin()

    @abc.abstractmethod
    async def fail(self, error: ApiError) -> None:
        """Report an error as the API does: a status or an error frame, or mid-stream `error` and
        `response.failed`.
        """

    async def cut_short(self, reason: str) -> None:  # noqa: B027
        """End the running response early and in good order: `response.incomplete` for this reason."""

    def alter(self, change: Callable[[Reply], Reply]) -> None:  # noqa: B027
        """Change the model's reply. Only a fault in the phase "request" can."""

    @abc.abstractmethod
    def refuse(self, seconds: float) -> None:
        """Refuse new connections for `seconds` (the port stays bound, nobody listens)."""


class Fault(Protocol):
    """One thing that goes wrong: a frozen dataclass whose fields are its parameters."""

    name: ClassVar[str]
    """Its name in Python and YAML."""

    where: ClassVar[Trigger] = Trigger()
    """The phase and event of its trigger, unless the user gives them."""

    async def inject(self, context: FaultContext) -> Effect:
        """Act on the connection; return what becomes of the turn."""
        ...
