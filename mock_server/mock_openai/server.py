"""The mock OpenAI server as one object, for a test or a program to start, script, break and ask.

async with MockServer(script=[reply("Hello.")], faults=[faults.at(turn=2).reset()]) as server:
    client = AsyncOpenAI(base_url=server.base_url, api_key="any")
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mock_openai.clock import Clock
from mock_openai.control.commands import Commands
from mock_openai.control.journal import Journal
from mock_openai.control.relay import Alone, Told
from mock_openai.engine import Engine
from mock_openai.faults.plan import Plan, Planned
from mock_openai.limits import Limits
from mock_openai.memory import ResponseStore
from mock_openai.pacing import Pace, parse_pace
from mock_openai.protocol.behaviour import DEFAULT, AtLimit, Behaviour, OnCancel, Unauthorized
from mock_openai.protocol.errors import ApiError
from mock_openai.responders.base import Responder
from mock_openai.responders.improvise import Improviser
from mock_openai.responders.script import Script
from mock_openai.site import Settings, Site

if TYPE_CHECKING:
    from mock_openai.control.relay import Relay
    from mock_openai.memory.shared import SharedMemory
    from mock_openai.transport.http import Front
    from mock_openai.transport.listener import Listener
    from mock_openai.upstream import Upstream

logger = logging.getLogger("mock_openai")

_UNSET: Any = object()


class MockServer:
    """A server that speaks OpenAI's Responses API over HTTP, SSE and WebSocket on one port.

    `script` says what the model says (a Script, or what makes one); without a matching rule the server
    improvises. `responders` are asked before the script. `faults` is what goes wrong. `pace` is when events
    leave: "instant", "realistic", "fixed:SECONDS", "recorded", or a Pace of your own. The same `seed` gives
    the same ids and answers; None gives new ones each time. With `api_key` only that key is accepted.
    `connection_lifetime` is in seconds. `behaviour` is what the server does where the real one is not known;
    `on_cancel`, `at_limit`, `unauthorized` and `keepalive` are short for its options. `any_model` takes
    every model name. `limits` is what a key may do in a minute; None for no limit. `upstream` is the address
    of a server that is asked what no rule answers, instead of improvising. Port 0 takes a free one. A stopped
    server may be started again, on the same port. `store` is where stored responses and conversations live:
    None for this server's memory, `redis://HOST:PORT/DB` to share them with other servers, or a ResponseStore
    of your own. `control_token` opens the control API to other machines.
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
        any_model: bool = False,
        limits: Limits | None = None,
        upstream: str | None = None,
        store: ResponseStore | str | None = None,
        journal_limit: int = 1_000_000,
        control_token: str | None = None,
    ) -> None:
        if connection_lifetime <= 0:
            raise ValueError(f"connection_lifetime is in seconds and above 0, not {connection_lifetime!r}")
        self.script = script if isinstance(script, Script) else Script(script or ())
        """What the mocked model says; rules may be added while the server runs."""
        short = {"on_cancel": on_cancel, "at_limit": at_limit, "unauthorized": unauthorized}
        given: dict[str, Any] = {name: value for name, value in short.items() if value is not None}
        if keepalive is not _UNSET:
            given["keepalive"] = keepalive
        if given:
            behaviour = replace(behaviour, **given)
        self.faults = Plan(faults)
        """What goes wrong; faults may be added while the server runs."""
        self.journal = Journal(journal_limit)
        """What happened, in order."""
        self.clock = Clock()
        """What time it is for this server; `advance` moves it forward."""
        self._upstream: Upstream | None = None
        if upstream is not None:
            from mock_openai.upstream import Upstream

            self._upstream = Upstream(upstream)
        self._shared: SharedMemory | None = None
        if isinstance(store, str) and store != "memory":
            from mock_openai.memory.shared import SharedMemory

            self._shared = SharedMemory(store, clock=self.clock)
        self._engine = Engine(
            [*responders, self.script, self._upstream or Improviser(seed or 0)],
            pace=parse_pace(pace),
            seed=seed,
            store=self._shared.responses if self._shared else None if isinstance(store, str) else store,
            conversations=self._shared.conversations if self._shared else None,
            clock=self.clock,
            any_model=any_model,
            behaviour=behaviour,
        )
        settings = Settings(api_key, connection_lifetime, behaviour, control_token)
        self._site = Site(
            self._engine, self.faults, self.journal, settings, self._refuse, limits, self._upstream
        )
        self._commands = Commands(self._site, self.script)
        self._told: Told = Alone(self._commands)
        self._host = host
        self._port = port
        self._bound: socket.socket | None = None
        self._front: Front | None = None
        self._listener: Listener | None = None
        self._relay: Relay | None = None

    # Where it is

    def bind(self) -> None:
        """Take the port without listening yet, so that the addresses are known before any loop runs; OSError
        if it is taken.
        """
        if self._bound is None and self._listener is None:
            from mock_openai.transport.listener import bind

            self._bound = bind(self._host, self._port)
            self._port = self._bound.getsockname()[1]

    @property
    def port(self) -> int:
        """The TCP port."""
        self.bind()
        return self._port

    @property
    def base_url(self) -> str:
        """What to give a client as its base URL, e.g. `AsyncOpenAI(base_url=...)` or OPENAI_BASE_URL."""
        return f"http://{self._authority}/v1"

    @property
    def ws_url(self) -> str:
        """The address of the WebSocket mode."""
        return f"ws://{self._authority}/v1/responses"

    @property
    def _authority(self) -> str:
        host = "127.0.0.1" if self._host in ("", "0.0.0.0") else self._host
        host = "::1" if host == "::" else host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    # Its life

    async def start(self) -> None:
        """Start to listen; OSError when a shared memory does not answer."""
        if self._listener is not None:
            raise RuntimeError("this server is already running")
        from mock_openai.control.api import ControlApi
        from mock_openai.transport.http import Front
        from mock_openai.transport.listener import Listener

        self.bind()
        assert self._bound is not None
        if self._shared is not None:
            await self._join(self._shared)
        self._site.stopping = False
        self._site.start()
        control = ControlApi(
            self._told,
            self.journal,
            token=self._site.settings.control_token,
            reset=self.reset,
            describe=self._describe,
        )
        self._front = Front(self._site, control)
        self._listener = Listener(self._front.handle, self._front.lost, self._front.hello)
        bound, self._bound = self._bound, None
        await self._listener.start(bound)

    async def _join(self, shared: SharedMemory) -> None:
        from mock_openai.control.relay import Relay

        # A number that no other server of this memory has ever had keeps their ids apart.
        self._commands.worker = await shared.open()
        self._engine.reseed(f"{self._engine.seed}:{self._commands.worker}")
        self._site.background.show = shared.responses.show
        relay = Relay(shared, self._commands)
        try:
            await relay.join()
        except ApiError:
            await shared.close()
            raise OSError(f"Redis at {shared.place} does not answer; start it, or name another") from None
        self._relay = self._told = relay
        self._site.everywhere = relay.everywhere

    async def stop(self) -> None:
        """Close the port and all connections: sockets with 1001, everything else at once. Leaves no task
        behind.
        """
        if self._bound is not None:
            self._bound.close()
            self._bound = None
        listener, self._listener = self._listener, None
        if listener is None or self._front is None:
            return
        self._site.stopping = True
        self._front.go_away()
        await listener.stop()
        if self._upstream is not None:
            await self._upstream.close()
        if self._relay is not None and self._shared is not None:
            relay, self._relay = self._relay, None
            self._told = Alone(self._commands)
            await relay.leave()
            await self._shared.close()

    async def reset(self) -> None:
        """Forget the journal, the faults, stored responses and used-up script rules' misses; count turns from
        1 again. Servers that share a memory forget with it.
        """
        await self._told.everywhere("reset", {})
        await self._engine.store.clear()
        await self._engine.conversations.clear()

    @property
    def misses(self) -> list[str]:
        """Why the script did not answer some turns, oldest first."""
        return list(self.script.misses)

    def _describe(self) -> Mapping[str, Any]:
        from mock_openai.description import description

        return description()

    def _refuse(self, seconds: float) -> None:
        if self._listener is not None:
            self._listener.refuse(seconds)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def __del__(self) -> None:
        # A server that was asked for its address and never started still holds the port.
        bound = getattr(self, "_bound", None)
        if bound is not None:
            bound.close()

    def __repr__(self) -> str:
        state = "running" if self._listener is not None else "stopped"
        return f"<MockServer {self._host}:{self._port} {state}>"
