"""The mock OpenAI server as one object, for a test or a program to start, script, break and ask.

async with MockServer(script=[reply("Hello.")], faults=[faults.at(turn=2).reset()]) as server:
    client = AsyncOpenAI(base_url=server.base_url, api_key="any")
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from mock_openai.clock import Clock
from mock_openai.control.hosts import ANY, host_name, origin
from mock_openai.faults.chaos import Chaos
from mock_openai.faults.plan import FaultPlan
from mock_openai.faults.planned import Planned
from mock_openai.journal.budget import JOURNAL_BODY_BYTES, JOURNAL_BYTES, JournalBudget
from mock_openai.journal.journal import Journal
from mock_openai.memory import ResponseStore
from mock_openai.protocol.behaviour import DEFAULT, AtLimit, Behaviour, OnCancel, Unauthorized
from mock_openai.replicas import Replicas
from mock_openai.responders.base import Responder
from mock_openai.responders.script import Script
from mock_openai.responders.tool_choice import Improvise, check_improvise
from mock_openai.session import Session, Setup
from mock_openai.sessions import Sessions
from mock_openai.state import Settings
from mock_openai.transport.port import Port
from mock_openai.turn.limits import Limits
from mock_openai.turn.pacing import Pace, parse_pace

if TYPE_CHECKING:
    from mock_openai.memory.shared import SharedMemory
    from mock_openai.transport.listener import Listener
    from mock_openai.transport.router import Router

_UNSET: Any = object()


class MockServer:
    """A server that speaks OpenAI's Responses API over HTTP, SSE and WebSocket on one port.

    A stopped server may be started again, on the same port.

    Args:
        script: What the model says: a Script, or a list of rules. The server improvises if none matches.
        faults: What goes wrong.
        pace: When events leave: "instant", "realistic", "fixed:SECONDS", "recorded", a pace file (.json), or
            a Pace of your own.
        seed: The same seed gives the same ids and answers. None gives new ones each time.
        api_key: The only key that is accepted. None accepts any.
        connection_lifetime: Seconds after which a WebSocket reaches the limit of the real API's 60 minutes.
        responders: Asked before the script.
        host: The address to listen on.
        port: The port to listen on; 0 selects a free one.
        behaviour: What the server does where the real API's behavior is not known.
        on_cancel, at_limit, unauthorized, keepalive, background_duration: Short for options of `behaviour`.
        any_model: Accept every model name.
        limits: Requests and tokens that a key may use per minute. None for no limit.
        upstream: The address of a server that gets the requests that no rule answers. None to improvise
            instead.
        improvise: What is improvised: "text", or "tools" for the call of a tool that the prompt asks for.
        store: Where stored responses and conversations live: None for this server's memory,
            `redis://HOST:PORT/DB` to share them with other servers, or a ResponseStore of your own, which
            does not tell sessions apart.
        journal_limit: Entries that a journal keeps.
        journal_bytes: Bytes that all journals of the server keep together.
        journal_body_bytes: Bytes of one body or event beyond which a journal keeps only its size, its digest
            and its beginning.
        control_token: The token that opens the control API to other machines.
        tls: Serve https and wss, with a certificate made on the spot.
        strict: Refuse requests that no rule answers with an error, 404 `no_rule`, instead of improvising.
            None leaves that to the script.
        allow_hosts: Host names, besides those of loopback, under which this machine may use the control API,
            and for which the certificate is valid.
        chaos: What goes wrong at random.
        allow_origins: Origins whose pages in a browser may use the API, over HTTP and WebSocket. `*` allows
            every page, an empty list only the server's own.

    Raises:
        ValueError: An argument is not valid. The message begins with the argument's name.
    """

    def __init__(
        self,
        script: Script | Iterable[Any] | None = None,
        faults: Iterable[Planned] = (),
        pace: Pace | str = "instant",
        seed: int | None = 0,
        api_key: str | None = None,
        connection_lifetime: float = 3600.0,
        responders: Sequence[Responder] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        behaviour: Behaviour = DEFAULT,
        on_cancel: OnCancel | None = None,
        at_limit: AtLimit | None = None,
        unauthorized: Unauthorized | None = None,
        keepalive: float | None = _UNSET,
        background_duration: float | None = _UNSET,
        any_model: bool = False,
        limits: Limits | None = None,
        upstream: str | None = None,
        improvise: Improvise = "text",
        store: ResponseStore | str | None = None,
        journal_limit: int = 1_000_000,
        journal_bytes: int = JOURNAL_BYTES,
        journal_body_bytes: int = JOURNAL_BODY_BYTES,
        control_token: str | None = None,
        tls: bool = False,
        strict: bool | None = None,
        allow_hosts: Iterable[str] = (),
        chaos: Chaos | None = None,
        allow_origins: Iterable[str] = (ANY,),
    ) -> None:
        if strict and upstream is not None:
            raise ValueError("strict: cannot be combined with an upstream; leave one of the two out")
        hosts = tuple(map(host_name, allow_hosts))
        origins = tuple(map(origin, allow_origins))
        if check_improvise(improvise) != "text" and upstream is not None:
            why = "an upstream, which answers; leave one of the two out"
            raise ValueError(f"improvise: cannot be combined with {why}")
        short = {"on_cancel": on_cancel, "at_limit": at_limit, "unauthorized": unauthorized}
        given: dict[str, Any] = {name: value for name, value in short.items() if value is not None}
        if keepalive is not _UNSET:
            given["keepalive"] = keepalive
        if background_duration is not _UNSET:
            given["background_duration"] = background_duration or None
        if given:
            behaviour = replace(behaviour, **given)
        self.clock = Clock()
        """The server's time; `advance` moves it forward."""
        shared: SharedMemory | None = None
        if isinstance(store, str) and store != "memory":
            from mock_openai.memory.shared import SharedMemory

            shared = SharedMemory(store, clock=self.clock)
        self._setup = Setup(
            responders=tuple(responders),
            faults=tuple(faults),
            chaos=chaos,
            pace=parse_pace(pace),
            seed=seed,
            store=None if isinstance(store, str) else store,
            shared=shared,
            clock=self.clock,
            any_model=any_model,
            settings=Settings(api_key, connection_lifetime, behaviour, control_token, hosts, origins),
            limits=limits,
            upstream=upstream,
            improvise=improvise,
            journal_limit=journal_limit,
            journal_budget=JournalBudget(journal_bytes, journal_body_bytes),
        )
        self._own = Session(
            None, self._setup, script if isinstance(script, Script) else Script(script or ()), self._refuse
        )
        self._strict = strict
        if strict is not None:
            self.script.strict = strict
        self._sessions = Sessions(self._own, self._setup)
        self._own.commands.sessions = self._sessions
        self._own.commands.refuse = self._refuse_here
        self._replicas = Replicas(shared, self._own)
        self._router: Router | None = None
        self._listener: Listener | None = None
        self._port = Port(host, port, tls=tls, names=hosts)

    # Where it is

    def bind(self) -> None:
        """Take the port and listen, before any loop runs; OSError if it is taken.

        Clients that connect from now on wait until the server starts. (A server that was only asked for its
        port or URL refuses them until then.)
        """
        self._port.listen()

    def share_port(self) -> None:
        """Bind the port for several processes that will be forked from this one. Raises OSError if it is
        taken.
        """
        self._port.share()
        self._own.commands.port = uuid.uuid4().hex

    def forked(self) -> None:
        """Bind a socket of this process's own, after a fork."""
        self._port.forked()

    @property
    def ca_file(self) -> str | None:
        """The path of the certificate (PEM) that clients have to trust; None without TLS."""
        return None if self._port.certificate is None else self._port.certificate.ca_file

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._port.number

    @property
    def base_url(self) -> str:
        """The base URL for a client, e.g. for `AsyncOpenAI(base_url=...)` or OPENAI_BASE_URL."""
        return self._port.base_url

    @property
    def ws_url(self) -> str:
        """The address of the WebSocket mode."""
        return self._port.ws_url

    # Its life

    async def start(self) -> None:
        """Start to listen. Raises OSError if a shared memory does not answer."""
        if self._listener is not None:
            raise RuntimeError("this server is already running")
        from mock_openai.control.api import ControlApi
        from mock_openai.description import description
        from mock_openai.transport.listener import Listener
        from mock_openai.transport.router import Router

        self._port.listen()
        try:
            await self._replicas.join()
        except BaseException:
            self._port.release()  # refuse clients instead of leaving them waiting
            raise
        self._sessions.begin()
        control = ControlApi(
            self._replicas.runner,
            self._journal,
            token=self._setup.settings.control_token,
            hosts=self._setup.settings.hosts,
            reset=self._replicas.reset,
            describe=description,
        )
        router = self._router = Router(self._own, self._sessions, control, self._replicas.check)
        self._listener = Listener(
            router.handle,
            router.lost,
            router.hello,
            shared=self._port.sharing,
            secure=self._port.secure(router.fails_hello),
        )
        await self._listener.start(self._port.hand_over())

    async def check(self) -> None:
        """Raise OSError with one line if a shared memory does not answer."""
        await self._replicas.check()

    async def stop(self) -> None:
        """Close the port and all connections: WebSockets with 1001, everything else at once. No task is left
        behind.
        """
        self._port.release()
        listener, self._listener = self._listener, None
        if listener is None or self._router is None:
            return
        for session in (self._own, *self._sessions):
            session.state.stopping = True
        self._router.go_away()
        await listener.stop()
        await self._own.close()
        await self._sessions.close()
        await self._replicas.leave()

    async def reset(self) -> None:
        """Clear the journal, the faults, stored responses, the script's misses and all sessions; count turns
        from 1 again. Servers that share a memory are reset too.
        """
        await self._replicas.reset()

    # What a test reads and changes

    @property
    def script(self) -> Script:
        """What the mocked model says; rules may be added while the server runs."""
        return self._own.script

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong; faults may be added while the server runs."""
        return self._own.faults

    @property
    def journal(self) -> Journal:
        """What happened, in order, outside of named sessions."""
        return self._own.journal

    @property
    def misses(self) -> list[str]:
        """Why the script did not answer some turns, oldest first."""
        return self._own.misses

    @property
    def unused_rules(self) -> list[str]:
        """The rules that have answered nothing, neither here nor in any session, one line each."""
        return self._sessions.unused_rules

    def session(self, name: str) -> Session:
        """Return the session of this name, made now or by the first request that named it.

        Each has a script, faults, a journal, stored responses and turns of its own, and begins as the server
        began: with the rules and faults that it had when it started. Clients reach it by its `headers` or
        its `api_key`. ValueError when the name cannot travel in a header.
        """
        return self._sessions.get(name, hold=True)

    def reload(self, *, script: Script | None = None, faults: Iterable[Planned] | None = None) -> None:
        """Replace the rules, the faults or both, for this server and for sessions that are made from now on.

        The turn count continues, and existing sessions keep their rules and faults. The server's `strict`
        decides whether the new script is strict; if that is None, the script does.
        """
        self._sessions.reload(script, faults, strict=self._strict)

    def forget(self, name: str) -> None:
        """Delete a session with everything in it; its connections are closed."""
        self._sessions.forget(name)

    @property
    def sessions(self) -> list[str]:
        """The names of the existing sessions."""
        return [str(session.name) for session in self._sessions]

    def _journal(self, session: str | None) -> Journal:
        return self.journal if session is None else self._sessions.get(session).journal

    def _refuse(self, seconds: float) -> None:
        port = self._own.commands.port
        if port is None:
            self._refuse_here(seconds)
        else:  # other processes that share the port would accept the connections
            self._replicas.run_soon("refuse", {"seconds": seconds, "port": port})

    def _refuse_here(self, seconds: float) -> None:
        if self._listener is not None:
            self._listener.refuse(seconds)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __repr__(self) -> str:
        state = "running" if self._listener is not None else "stopped"
        return f"<MockServer {self._port} {state}>"
