"""The state that all connections of one server share, and the record of each connection.

The ServerState holds the engine, the fault plan, the journal and the settings; it numbers connections and
turns and writes the journal's entries with the time of the loop's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mock_openai.engine import Engine
from mock_openai.faults.plan import FaultPlan
from mock_openai.faults.trigger import Position
from mock_openai.journal.entries import Body, Entry, Kept, Kind, Run
from mock_openai.journal.journal import Journal
from mock_openai.journal.metrics import Metrics
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.events import Event
from mock_openai.protocol.template import Rendered
from mock_openai.turn.background import Background
from mock_openai.turn.background_room import BackgroundRoom
from mock_openai.turn.plan import Caller, Plan
from mock_openai.turn.request_cache import ReceivedRequest, RequestCache

if TYPE_CHECKING:
    from mock_openai.upstream import Upstream

Everywhere = Callable[[str, Mapping[str, Any]], Awaitable[list[Any]]]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings for all connections."""

    api_key: str | None = None
    """The only key accepted; None accepts everybody."""
    connection_lifetime: float = 3600.0
    """Seconds that a WebSocket connection may live (documented: 60 minutes)."""
    behaviour: Behaviour = DEFAULT
    """What the server does where the real API's behavior is not known."""
    control_token: str | None = None
    """The bearer token that opens the control API to other machines."""
    hosts: tuple[str, ...] = ()
    """Host names, besides those of loopback, under which the control API may be used."""
    origins: tuple[str, ...] = ("*",)
    """The origins whose pages may use the API, besides the server's own; `*` is every origin."""

    def __post_init__(self) -> None:
        if self.connection_lifetime <= 0:
            raise ValueError(
                f"expected connection_lifetime in seconds, above 0, not {self.connection_lifetime!r}"
            )


@dataclass(frozen=True, slots=True)
class Begun:
    """A create that was counted and noted, and planned unless a fault may be injected first."""

    received: ReceivedRequest
    caller: Caller
    position: Position
    plan: Plan | None


@dataclass(eq=False, slots=True)
class ClientConnection:
    """The record of one TCP connection that has made a request."""

    number: int
    opened: float
    transport: Literal["http", "websocket"]
    creates: int = 0
    """The number of creates on it, warm-ups included."""
    turns: int = 0
    """The number of turns on it."""
    first: bool = True
    """Whether its first request has yet to be handled."""
    busy: bool = False
    """Whether a request is being answered; set for HTTP only."""
    upgraded: bool = False
    """Whether a WebSocket was opened on it; that notes its own close, with the code."""
    broken: Literal["fin", "reset"] = "fin"
    """How TCP ended, if nothing else is known of the end."""
    ended: dict[str, Any] | None = None
    """How this side ended it: by, code, reason, how; None if it did not."""
    uses: tuple[str | None, ...] = ()
    """The credentials of its latest request, as its headers say."""
    begun: Begun | None = None
    """A create that was counted, noted and planned before aiohttp has read it."""

    def end(self, by: str, *, how: str, code: int | None = None, reason: str = "") -> None:
        """Note how the connection ends; only the first call counts."""
        if self.ended is None:
            self.ended = {"by": by, "code": code, "reason": reason, "how": how}


class ServerState:
    """One server, as its connections see it."""

    def __init__(
        self,
        engine: Engine,
        faults: FaultPlan,
        journal: Journal,
        settings: Settings,
        refuse: Callable[[float], None],
        background_room: BackgroundRoom,
        upstream: Upstream | None = None,
    ) -> None:
        self.engine = engine
        self.clock = engine.clock
        self.requests = RequestCache()
        """The request cache."""
        self.background = Background(
            engine.admission,
            engine.keeper,
            engine.store,
            engine.behaviour,
            engine.timed,
            background_room,
        )
        self.upstream = upstream
        """The upstream server, which answers requests that no responder answers; None without one."""
        self.faults = faults
        self.journal = journal
        self.metrics = Metrics(journal)
        self.settings = settings
        self.refuse = refuse
        """Stops listening for a number of seconds."""
        self.everywhere: Everywhere = _no_other_server
        """Runs a command, by name, on all servers that share a memory."""
        self.stopping = False
        self._connections = 0
        self.turns = 0
        """The number of turns over the server's life."""
        self._was_started = False
        self.started = 0.0
        """The loop's clock when the server started."""
        self.started_at = 0.0
        """The same moment in unix seconds."""

    def start(self) -> None:
        """Set the journal's clock to zero; a server that starts again continues counting."""
        if not self._was_started:
            self._was_started = True
            self.started = asyncio.get_running_loop().time()
            self.started_at = self.clock.wall()

    def join(self, other: ServerState) -> None:
        """Adopt the start time, the seed and the replicas of the server that this session belongs to."""
        self._was_started, self.started, self.started_at = (
            other._was_started,
            other.started,
            other.started_at,
        )
        session = self.engine.session
        self.engine.reseed(f"{other.engine.drawn_from}:{session}")

        async def everywhere(what: str, given: Mapping[str, Any]) -> list[Any]:
            return await other.everywhere(what, {**given, "session": session})

        self.everywhere = everywhere

    @property
    def next_connection(self) -> int:
        """The number that the next connection will have."""
        return self._connections + 1

    def connect(self, transport: Literal["http", "websocket"]) -> ClientConnection:
        """Count a connection."""
        self._connections += 1
        return ClientConnection(self._connections, asyncio.get_running_loop().time(), transport)

    def next_turn(self, connection: ClientConnection, *, warms_up: bool = False) -> Position:
        """Count a create on its connection and, unless it is a warm-up, a turn there and in all."""
        connection.creates += 1
        if warms_up:
            return Position(connection.number, number=connection.creates)
        self.turns += 1
        connection.turns += 1
        return Position(connection.number, connection.turns, self.turns, connection.creates)

    def planned(self, received: ReceivedRequest, caller: Caller, position: Position) -> Plan | None:
        """Plan a create; None if a fault may be injected before."""
        return self.engine.planner.plan(received, caller, position.number) if self.faults.exhausted else None

    def read_ahead(
        self, received: ReceivedRequest, transport: Literal["http", "websocket"]
    ) -> ReceivedRequest:
        """Validate a large request and shorten it for the journal, unless that was done; for a thread."""
        if received.request is None and received.refused is None:
            received.note_as(self.journal.redactor, self.journal.shorten)
            self.engine.admission.read_ahead(received, transport)
        return received

    def recount(self) -> None:
        """Count turns of the server's life from 1 again."""
        self.turns = 0

    def note(
        self,
        kind: Kind,
        connection: int,
        data: Mapping[str, Any] | Event,
        *,
        turn: int | None = None,
        lane: str | None = None,
    ) -> None:
        """Write an entry into the journal."""
        at = asyncio.get_running_loop().time() - self.started
        self.journal.note(Entry(at, connection, turn, lane, kind, data))

    def note_create(
        self, position: Position, head: bytes, body: Body, now: float, *, lane: str | None = None
    ) -> None:
        """Note a create that arrived at `now` (the loop's time). `head` is the journal entry without the
        body, as JSON.
        """
        at = now - self.started
        self.journal.note_kept(Kept(at, position.connection, position.number, lane, "request", head, body))

    def note_rendered(
        self,
        position: Position,
        rendered: Rendered,
        begin: int,
        end: int,
        now: float,
        transport: Literal["http", "websocket"],
        lane: str | None,
    ) -> None:
        """Note that these events of a turn have left in one write, at this time of the loop's."""
        at, connection, turn = now - self.started, position.connection, position.number or None
        if begin == 0 and transport == "http":
            self.journal.note_kept(Kept(at, connection, turn, None, "status", _GOOD))
        self.journal.note_run(Run(at, connection, turn, lane, rendered, begin, end))


_GOOD = b'{"status":200}'
"""The journal entry of a 200, the same bytes for all answers."""


async def _no_other_server(what: str, given: Mapping[str, Any]) -> list[Any]:
    return []
