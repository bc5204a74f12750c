"""The recorder: a reverse proxy in front of any upstream that passes everything on at once and records it.

    async with Recorder("https://api.openai.com", cassette="weather.jsonl") as proxy:
        client = AsyncOpenAI(base_url=proxy.base_url)

HTTP, event streams and WebSockets share one port. A failure of the upstream reaches the client in the same
form, and is recorded as such.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from mock_openai.transport.listener import BACKLOG, stop_accepting

from ninelives.cassette import CassetteWriter, Redactor
from ninelives.recorder.forwarder import LONGEST_HEADER, Forwarder
from ninelives.recorder.upstream import Upstream

_log = logging.getLogger("ninelives.recorder")
_silent = logging.getLogger(
    "ninelives.recorder.http"
)  # aiohttp's own messages quote requests, and keys with them
_silent.addFilter(lambda record: False)

_GRACE = 0.5
"""Seconds that an answer in progress is given to end when the recording stops."""
_LAST = 0.25
"""Seconds for each further step of stopping; steps that take longer are abandoned."""
_NOT_THE_API = "recorded against a server on this machine, not the real API"


@dataclass(frozen=True, slots=True)
class Direct:
    """The addresses for a client that is not to be recorded."""

    base_url: str

    @property
    def ws_url(self) -> str:
        """The URL of WebSocket mode."""
        return f"ws{self.base_url.removeprefix('http')}/responses"


class Recorder:
    """Records the traffic that passes through into `cassette`; an async context manager.

    A clean exit replaces the old cassette by the new one; an exception or a crash leaves the old one
    untouched and `FILE.partial` beside it.

    Args:
        upstream: A URL such as `https://api.openai.com`, `https://NAME.openai.azure.com/openai/v1` or a mock
            server's base_url.
        cassette: The file to write.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        redactor: Replaces secrets before anything is written. None for one with the usual rules.
        origin: A remark for the header that says where the traffic came from.
        extend: Append to the old cassette instead of replacing it.

    Raises:
        CassetteError: The file cannot be written.
    """

    def __init__(
        self,
        upstream: str,
        cassette: Path | str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        redactor: Redactor | None = None,
        origin: str | None = None,
        extend: bool = False,
    ) -> None:
        to = Upstream.parse(upstream)
        self.upstream = to.origin
        """The upstream's scheme, host and port."""
        self._prefix, self._local = to.prefix, to.local
        self._host, self._port = host, port
        self._listening: socket.socket | None = None
        self._began = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.writer = CassetteWriter(
            cassette,
            upstream=self.upstream,
            origin=(_NOT_THE_API if self._local else "") if origin is None else origin,
            redactor=redactor,
            clock=self._now,
            extend=extend,
        )
        self.writer.redactor.learn_url(upstream)
        self._forwarder = Forwarder(self.upstream, self.writer, self._now)
        self._connections: web.Server | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port; asking for it binds the socket, so it is known before anything runs."""
        port: int = self._bound().getsockname()[1]
        return port

    def _bound(self) -> socket.socket:
        if self._listening is None:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            self._listening = socket.socket(family, socket.SOCK_STREAM)
            self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listening.bind((self._host, self._port))
        return self._listening

    def bind(self) -> None:
        """Take the port and listen, before any loop runs; OSError if it is taken.

        Clients that connect from now on wait until the recorder starts.
        """
        self._bound().listen(BACKLOG)

    @property
    def base_url(self) -> str:
        """The base_url for a client, `http://127.0.0.1:PORT/v1` for OpenAI."""
        return f"http://{self._authority}{self._prefix}"

    @property
    def ws_url(self) -> str:
        """The URL of WebSocket mode."""
        return f"ws://{self._authority}{self._prefix}/responses"

    @property
    def direct(self) -> Direct:
        """The same addresses of the upstream itself."""
        return Direct(f"{self.upstream}{self._prefix}")

    @property
    def _authority(self) -> str:
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    async def start(self) -> None:
        """Begin to listen and to record."""
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        try:
            self.writer.open()
        except BaseException:
            if self._listening is not None:
                self._listening.close()  # refuse clients instead of leaving them waiting
                self._listening = None
            raise
        self.bind()
        self._forwarder.open(trust_env=not self._local)
        self._connections = web.Server(
            self._forwarder.handle,
            handler_cancellation=True,
            access_log=None,
            logger=_silent,
            auto_decompress=False,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
        )
        self._server = await self._loop.create_server(self._connections, sock=self._bound(), backlog=BACKLOG)

    async def stop(self, *, commit: bool = True, patient: bool = True) -> None:
        """End the recording. Exchanges in progress get a moment to end, and are then recorded as stopped.

        Takes `_GRACE` and a few times `_LAST` at most, whatever the clients and the upstream do. Large data
        that is still being searched for secrets (seconds for 10 MB) is waited for if the end is `patient` and
        commits; otherwise it is left out, and a line says so.
        """
        forwarder = self._forwarder
        forwarder.stopping = True
        if self._server is not None:
            await stop_accepting(self._server)
        closing = {task for task, relay in forwarder.sockets.items() if relay.closing}
        if commit and (
            ending := (forwarder.exchanges - forwarder.sockets.keys()) | closing | forwarder.writing
        ):
            await asyncio.wait(ending, timeout=_GRACE)
        for relay in list(forwarder.sockets.values()):
            relay.stop()
        for task in forwarder.exchanges:
            task.cancel()
        if left := forwarder.exchanges | forwarder.writing:
            await asyncio.wait(left, timeout=_LAST)
        if forwarder.writing and commit and patient:
            await asyncio.wait(forwarder.writing)
        if self._connections is not None:
            await self._close_connections(self._connections)
        await _within(_LAST, forwarder.close())
        if self._listening is not None:
            self._listening.close()
        for writing in forwarder.writing:
            _log.error(
                "a large event was not recorded: the recording ended while it was searched for secrets"
            )
            writing.cancel()
        if commit and (self.writer.lines or self.writer.failure):
            self.writer.commit()
        else:
            self.writer.abandon()

    async def _close_connections(self, connections: web.Server) -> None:
        # Kept here, because aiohttp forgets a transport that it has begun to close.
        transports = [each.transport for each in connections.connections if each.transport is not None]
        connections.pre_shutdown()
        # Not 0, which means "no limit" to aiohttp.
        await _within(3 * _LAST, connections.shutdown(_LAST))
        for transport in transports:  # a client that does not read keeps its own open
            transport.abort()
        await asyncio.sleep(0)  # an aborted transport closes its socket in the next iteration of the loop

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self.stop(commit=kind is None)

    def _now(self) -> float:
        """Return the milliseconds since the recording began, in any thread."""
        return 0.0 if self._loop is None else (self._loop.time() - self._began) * 1000


async def _within(seconds: float, step: Coroutine[Any, Any, None]) -> None:
    """Run one step of stopping within a limit, so that nobody can hold it up."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(step, seconds)
