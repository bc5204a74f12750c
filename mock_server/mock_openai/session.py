"""One session of a server, with a script, faults, a journal, stored responses and turns of its own.

A MockServer has its own session for requests that name none, and one for each name that a request or a test
gives. All begin alike, from the same Setup.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mock_openai.clock import Clock
from mock_openai.control.commands import Commands
from mock_openai.engine import Engine
from mock_openai.faults.chaos import Chaos
from mock_openai.faults.plan import FaultPlan
from mock_openai.faults.planned import Planned
from mock_openai.journal.budget import JournalBudget
from mock_openai.journal.journal import Journal
from mock_openai.memory import ResponseStore
from mock_openai.memory.budget import MemoryBudget
from mock_openai.responders.base import Responder
from mock_openai.responders.improvise import Improviser
from mock_openai.responders.script import Script
from mock_openai.responders.tool_choice import Improvise
from mock_openai.state import ServerState, Settings
from mock_openai.turn.background_room import BackgroundRoom
from mock_openai.turn.limits import Limits
from mock_openai.turn.pacing import Pace

if TYPE_CHECKING:
    from mock_openai.memory.shared import SharedMemory
    from mock_openai.upstream import Upstream

HEADER = "x-mock-session"
"""The request header that names a session."""
KEY_PREFIX = "mock-session-"
"""The beginning of an API key that names a session."""
LONGEST = 400
"""Characters of a name in its percent-encoded form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The settings with which a server and each of its sessions begin."""

    responders: Sequence[Responder]
    faults: Sequence[Planned]
    chaos: Chaos | None
    pace: Pace
    seed: int | None
    store: ResponseStore | None
    """Where all sessions store responses; None gives each a memory of its own."""
    shared: SharedMemory | None
    """The memory that several servers share, with a namespace for each session; None for this server's
    memory.
    """
    clock: Clock
    any_model: bool
    settings: Settings
    limits: Limits | None
    upstream: str | None
    improvise: Improvise
    journal_limit: int
    """Entries that each journal keeps."""
    journal_budget: JournalBudget
    """The budget of memory that the journals share."""
    memory_budget: MemoryBudget = field(default_factory=MemoryBudget)
    """What the stored responses and conversations of all sessions may take."""
    background_room: BackgroundRoom = field(default_factory=BackgroundRoom)
    """Where the background responses of all sessions are counted."""


class Session:
    """One session of a server; `server.session(name)` makes one. Clients reach it by its `headers` or its
    `api_key`.
    """

    def __init__(
        self,
        name: str | None,
        setup: Setup,
        script: Script,
        refuse: Callable[[float], None] | None = None,
    ) -> None:
        self.name = name
        """Its name; None for the server's own."""
        self.script = script
        """What the mocked model says in this session; rules may be added at any time."""
        self.faults = FaultPlan(setup.faults, setup.chaos)
        """What goes wrong in this session; faults may be added at any time."""
        self.journal = Journal(setup.journal_limit, setup.journal_budget)
        """What happened in this session, in order."""
        self._upstream = _upstream(setup.upstream)
        self._namespace = None if setup.shared is None else setup.shared.namespace(name)
        self.engine = Engine(
            [*setup.responders, script, self._upstream or Improviser(setup.seed or 0, setup.improvise)],
            pace=setup.pace,
            seed=setup.seed,
            store=self._namespace.responses if self._namespace else setup.store,
            conversations=self._namespace.conversations if self._namespace else None,
            clock=setup.clock,
            any_model=setup.any_model,
            behaviour=setup.settings.behaviour,
            session=name,
            limits=setup.limits,
            budget=setup.memory_budget,
        )
        self.state = ServerState(
            self.engine,
            self.faults,
            self.journal,
            setup.settings,
            refuse or self._refuse,
            setup.background_room,
            self._upstream,
        )
        if self._namespace is not None:
            self.state.background.show = self._namespace.responses.show
        self.commands = Commands(self.state, script)
        self._setup = setup
        self._refuses_until = 0.0

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that route a request here, for a client's default headers."""
        return {} if self.name is None else {HEADER: quote(self.name)}

    @property
    def api_key(self) -> str:
        """An API key for this session. It routes requests here without a header, for clients that cannot send
        one, unless the server requires a particular key.
        """
        demanded = self._setup.settings.api_key
        if demanded is not None or self.name is None:
            return demanded or "mock-key"
        return KEY_PREFIX + quote(self.name, safe="")

    @property
    def refuses(self) -> bool:
        """Whether a fault keeps new connections out. The port belongs to all sessions, so connections are
        accepted and reset as soon as they name this one.
        """
        return asyncio.get_running_loop().time() < self._refuses_until

    def _refuse(self, seconds: float) -> None:
        self._refuses_until = asyncio.get_running_loop().time() + seconds

    @property
    def misses(self) -> list[str]:
        """Why the script did not answer some turns, oldest first."""
        return list(self.script.misses)

    async def reset(self) -> None:
        """Clear this session: journal, faults, the script's misses, stored responses (in a shared memory,
        this session's namespace); count turns from 1 again.
        """
        await self.begin_anew()
        if self._namespace is not None:
            await self._namespace.forget()

    async def begin_anew(self) -> None:
        """Same as `reset`, without the shared memory, which the server that sent the command clears once."""
        await self.commands.do("reset", {})
        self._refuses_until = 0.0
        if self._namespace is None:
            if self._setup.store is None:
                await self.engine.store.clear()
            await self.engine.conversations.clear()

    async def close(self) -> None:
        """Stop background responses and other work that runs without a client."""
        self.state.stopping = True
        self.state.background.stop()
        if self._upstream is not None:
            await self._upstream.close()

    def __repr__(self) -> str:
        return f"<Session {self.name!r}>"


def name_of(header: str | None, key: str | None, *, by_key: bool) -> str | None:
    """Return the session that a request names, or None. Raises ValueError if the name is not valid."""
    if header is not None:
        return _name(header)
    if by_key and key is not None and key.startswith(KEY_PREFIX):
        return _name(key.removeprefix(KEY_PREFIX))
    return None


def check_name(name: str) -> str:
    """Return the name. Raises ValueError if it cannot travel in a header."""
    if not isinstance(name, str) or not name.strip() or len(quote(name, safe="")) > LONGEST:
        raise ValueError(
            f"a session's name has 1 to {LONGEST} characters, percent-encoded, and must not be blank"
        )
    return name


def _name(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(f"{HEADER}: a session's name has at most {LONGEST} characters, not {len(text)}")
    return check_name(unquote(text))


def _upstream(address: str | None) -> Upstream | None:
    if address is None:
        return None
    from mock_openai.upstream import Upstream

    return Upstream(address)
