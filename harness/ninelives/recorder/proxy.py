"""The recorder: a reverse proxy in front of any upstream that passes everything on at once and writes down
what passed.

    async with Recorder("https://api.openai.com", cassette="weather.jsonl") as proxy:
        client = AsyncOpenAI(base_url=proxy.base_url)

HTTP, event streams and WebSockets share one port. What fails, fails at the client in the same way, and is
recorded so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from mock_openai.patterns import SlowPattern
from mock_openai.transport.listener import BACKLOG, stop_accepting
from yarl import URL

import ninelives.recorder.headers as headers
from ninelives.cassette import CassetteError, CassetteWriter, InexactRecording, Redactor, Track
from ninelives.cassette.coding import CodingError, unpacked
from ninelives.cassette.lines import How
from ninelives.recorder.answer import LARGEST, Answer
from ninelives.recorder.ending import Watch, break_off, how_it_failed
from ninelives.recorder.notes import Notes
from ninelives.recorder.socket_relay import SocketRelay
from ninelives.recorder.upstream import Upstream

_log = logging.getLogger("ninelives.recorder")
_silent = logging.getLogger(
    "ninelives.recorder.http"
)  # aiohttp's own messages quote requests, and keys with them
_silent.addFilter(lambda record: False)

_LONGEST_HEADER = 2**16
_GRACE = 0.5
"""Seconds that an answer in progress is given to end when the recording stops."""
_LAST = 0.25
"""Seconds for each further step of stopping; what takes longer is abandoned."""
_NOT_THE_API = "recorded against a server on this machine, not the real API"


@dataclass(frozen=True, slots=True)
class Direct:
    """Where a client goes that is not to be recorded."""

    base_url: str

    @property
    def ws_url(self) -> str:
        """The URL of WebSocket mode."""
        return f"ws{self.base_url.removeprefix('http')}/responses"


class Recorder:
    """Records into `cassette` what passes through; an async context manager.

    A clean exit puts the new cassette in the place of the old; an exception or a crash leaves the old one
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
        self._session: aiohttp.ClientSession | None = None
        self._connections: web.Server | None = None
        self._server: asyncio.Server | None = None
        self._exchanges: set[asyncio.Task[object]] = set()
        self._sockets: dict[asyncio.Task[object], SocketRelay] = {}
        self._writing: set[asyncio.Task[None]] = set()
        """What is still being written down."""
        self._stopping = False

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
        """What to give a client as its base_url, `http://127.0.0.1:PORT/v1` for OpenAI."""
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
        """Begins to listen and to record."""
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
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=not self._local,
            auto_decompress=False,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )
        self._connections = web.Server(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            logger=_silent,
            auto_decompress=False,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )
        self._server = await self._loop.create_server(self._connections, sock=self._bound(), backlog=BACKLOG)

    async def stop(self, *, commit: bool = True, patient: bool = True) -> None:
        """Ends the recording; what is still going on is given a moment and then recorded as stopped.

        Takes `_GRACE` and a few times `_LAST` at most, whatever the clients and the upstream do. Something
        large that is still looked through (seconds for 10 MB) is waited for if the end is `patient` and
        commits; else it is left out, and a line says so.
        """
        self._stopping = True
        if self._server is not None:
            await stop_accepting(self._server)
        closing = {task for task, relay in self._sockets.items() if relay.closing}
        if commit and (ending := (self._exchanges - self._sockets.keys()) | closing | self._writing):
            await asyncio.wait(ending, timeout=_GRACE)
        for relay in list(self._sockets.values()):
            relay.stop()
        for task in self._exchanges:
            task.cancel()
        if left := self._exchanges | self._writing:
            await asyncio.wait(left, timeout=_LAST)
        if self._writing and commit and patient:
            await asyncio.wait(self._writing)
        if self._connections is not None:
            await self._close_connections(self._connections)
        if self._session is not None:
            await _within(_LAST, self._session.close())
        if self._listening is not None:
            self._listening.close()
        for writing in self._writing:
            _log.error("something large was not recorded: the end came while it was looked through")
            writing.cancel()
        if commit and (self.writer.lines or self.writer.failure):
            self.writer.commit()
        else:
            self.writer.abandon()

    async def _close_connections(self, connections: web.Server) -> None:
        # Kept here, because aiohttp forgets a transport that it has begun to close.
        transports = [each.transport for each in connections.connections if each.transport is not None]
        connections.pre_shutdown()
        # Not 0, which aiohttp takes for "as long as it takes".
        await _within(3 * _LAST, connections.shutdown(_LAST))
        for transport in transports:  # a client that does not read keeps its own open
            transport.abort()
        await asyncio.sleep(0)  # an aborted transport lets go of its socket in the next turn of the loop

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop(commit=kind is None)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._exchanges.add(task)
        try:
            if request.headers.get("upgrade", "").lower() == "websocket":
                return await self._websocket(request, task)
            return await self._http(request)
        finally:
            self._exchanges.discard(task)
            self._sockets.pop(task, None)

    async def _http(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        track, notes = self.writer.track(), self._notes()
        self.writer.redactor.learn(request.headers.items())  # now: the body may be long in the reading
        packed, kept, at = headers.coding(request.headers), headers.recorded(request.headers), self._now()
        notes.put(
            lambda: track.request(
                request.method, request.raw_path, kept, unpacked(body, packed, LARGEST), at
            ),
            lambda: len(body),
        )
        sent = headers.to_upstream(request.headers)
        response = await self._ask(request, track, notes, request.method, sent, body or None)
        if response is None:
            return web.Response()  # the connection is gone already
        came = self._now()
        notes.put(lambda: track.response(response.status, headers.recorded(response.headers), came))
        return await self._pass_on(request, response, track, notes)

    async def _websocket(self, request: web.BaseRequest, task: asyncio.Task[object]) -> web.StreamResponse:
        track, notes = self.writer.track(), self._notes()
        offered = list(request.headers.items())
        refuse = lambda: track.open(request.raw_path, offered, status=0)  # noqa: E731
        sent = headers.handshake_to_upstream(request.headers)
        response = await self._ask(request, track, notes, "GET", sent, None, before_abort=refuse)
        if response is None:
            return web.Response()
        answer = headers.recorded(response.headers)
        notes.put(lambda: track.open(request.raw_path, offered, response.status, answer))
        if response.status != 101:
            return await self._pass_on(request, response, track, notes)
        relay = self._sockets[task] = SocketRelay(request, response, track, notes, self._now)
        try:
            await relay.run()
        except asyncio.CancelledError:
            if not self._stopping:
                return web.Response()  # the client is gone, and the relay has said so upstream
            raise
        finally:
            response.close()
        return web.Response()

    async def _ask(
        self,
        request: web.BaseRequest,
        track: Track,
        notes: Notes,
        method: str,
        sent: headers.Headers,
        body: bytes | None,
        before_abort: Callable[[], None] = lambda: None,
    ) -> aiohttp.ClientResponse | None:
        """The upstream's answer; None when there was none and the client has been cut off in the same way."""
        assert self._session is not None
        try:
            return await self._session.request(
                method,
                URL(self.upstream + request.raw_path, encoded=True),
                headers=sent,
                data=body,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
                read_until_eof=method != "GET" or "upgrade" not in sent,
            )
        except asyncio.CancelledError:
            notes.put(before_abort)
            self._cancelled(track, notes)
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            how, at = how_it_failed(error), self._now()
            notes.put(before_abort)
            notes.put(lambda: track.abort(how, t=at))
            _log.warning("the upstream gave no answer (%s); the client is cut off likewise", how)
            break_off(request.transport, how)
            return None

    async def _pass_on(
        self, request: web.BaseRequest, response: aiohttp.ClientResponse, track: Track, notes: Notes
    ) -> web.StreamResponse:
        connection = response.connection  # None when the whole answer has arrived already
        protocol = connection.protocol if connection is not None else None
        watch = Watch(protocol) if protocol is not None else None
        reply = web.StreamResponse(
            status=response.status, reason=response.reason, headers=headers.to_client(response.headers)
        )
        answer = Answer(track, headers.coding(response.headers))

        def broken_off() -> None:
            at = self._now()
            notes.put(lambda: answer.broken_off(at), lambda: answer.waiting)

        try:
            await reply.prepare(request)
            async for data in response.content.iter_any():
                try:
                    await reply.write(data)
                finally:
                    at = self._now()
                    notes.put(
                        lambda data=data, at=at: answer.read(data, at),  # type: ignore[misc]
                        lambda: track.waiting,
                    )
            await reply.write_eof()
            over = self._now()
            notes.put(lambda: answer.end(over), lambda: answer.waiting)
        except asyncio.CancelledError:
            broken_off()
            self._cancelled(track, notes)
            raise
        except (aiohttp.ClientError, OSError) as error:
            broken_off()
            over = self._now()
            # aiohttp's word for writing to a client that has left
            if isinstance(error, aiohttp.ClientConnectionResetError):
                notes.put(lambda: track.abort("gone", "client", over))
                return reply
            how: How = watch.how if watch else "fin"
            notes.put(lambda: track.abort(how, t=over))
            break_off(request.transport, how)
        finally:
            response.close()
        return reply

    def _cancelled(self, track: Track, notes: Notes) -> None:
        at = self._now()
        if self._stopping:
            notes.put(lambda: track.abort("stopped", t=at))
        else:
            notes.put(lambda: track.abort("gone", "client", at))

    def _notes(self) -> Notes:
        return Notes(self._note, self._writing)

    def _now(self) -> float:
        """Milliseconds since the recording began, in any thread."""
        return 0.0 if self._loop is None else (self._loop.time() - self._began) * 1000

    def _note(self, record: Callable[[], None]) -> None:
        """Writes a line. What goes wrong here spoils the recording, never the traffic."""
        if self.writer.failure is not None:  # nothing of it will be kept
            return
        try:
            record()
        except CassetteError as error:  # the disk is full
            self._spoiled(error.found)
        except (InexactRecording, CodingError, SlowPattern) as error:
            self._spoiled(str(error))
        except Exception as error:
            self._spoiled(f"{type(error).__name__} while recording")  # its text may quote the traffic

    def _spoiled(self, reason: str) -> None:
        if self.writer.failure is None:  # what follows from the first is no news
            _log.error("this recording will not be kept: %s", reason)
        self.writer.fail(reason)


async def _within(seconds: float, step: Coroutine[Any, Any, None]) -> None:
    """Take a step of an ending that must not wait for anybody."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(step, seconds)
