"""Forwards requests and sockets to the upstream, and notes the traffic.

A problem with the recording never disturbs the traffic: the recording is marked as unusable, and says so
once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import aiohttp
from aiohttp import web
from mock_openai.patterns import SlowPattern
from mock_openai.resolver import resolver
from yarl import URL

import ninelives.recorder.headers as headers
from ninelives.cassette import CassetteError, CassetteWriter, InexactRecording, LineWriter
from ninelives.cassette.coding import CodingError, unpacked
from ninelives.cassette.lines import How
from ninelives.recorder.answer import LARGEST, MOST, Answer, TooLarge
from ninelives.recorder.ending import Watch, break_off, how_it_failed
from ninelives.recorder.notes import LARGE, Notes
from ninelives.recorder.socket_relay import SocketRelay

_log = logging.getLogger("ninelives.recorder")

LONGEST_HEADER = 2**16

_MANY_LINES = 1000
"""Ends of lines in one network read from which a thread notes it: each may be an event."""


class Forwarder:
    """The exchanges in progress, and the session with the upstream."""

    def __init__(self, upstream: str, writer: CassetteWriter, now: Callable[[], float]) -> None:
        """`now` gives the milliseconds since the recording began."""
        self.exchanges: set[asyncio.Task[object]] = set()
        self.sockets: dict[asyncio.Task[object], SocketRelay] = {}
        self.writing: set[asyncio.Task[None]] = set()
        """Notes that are still being written."""
        self.stopping = False
        """Whether the recording is about to end, so that an exchange that breaks off now counts as stopped.
        """
        self._upstream = upstream
        self._writer = writer
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    def open(self, *, trust_env: bool) -> None:
        """Open the session; `trust_env`: with the proxies that the environment names."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            connector=aiohttp.TCPConnector(limit=0, resolver=resolver()),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=trust_env,
            auto_decompress=False,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
        )

    async def close(self) -> None:
        """Close the session, if it was opened."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Forward a request, or a WebSocket for as long as it lasts."""
        task = asyncio.current_task()
        assert task is not None
        self.exchanges.add(task)
        try:
            if request.headers.get("upgrade", "").lower() == "websocket":
                return await self._websocket(request, task)
            return await self._http(request)
        finally:
            self.exchanges.discard(task)
            self.sockets.pop(task, None)

    async def _http(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await _body(request)
        if body is None:
            _log.warning("a request of more than %d MiB was refused (413) and not recorded", MOST // 2**20)
            return _refused()
        line_writer, notes = self._writer.line_writer(), self._notes()
        self._writer.redactor.learn(request.headers.items())  # now, because reading the body may take long
        packed, kept, at = headers.coding(request.headers), headers.recorded(request.headers), self._now()
        notes.put(
            lambda: line_writer.request(
                request.method, request.raw_path, kept, unpacked(body, packed, LARGEST), at
            ),
            lambda: LARGE if packed else len(body),  # a few bytes may expand to many
        )
        sent = headers.to_upstream(request.headers)
        response = await self._ask(request, line_writer, notes, request.method, sent, body or None)
        if response is None:
            return web.Response()  # the connection is gone already
        came = self._now()
        notes.put(lambda: line_writer.response(response.status, headers.recorded(response.headers), came))
        return await self._pass_on(request, response, line_writer, notes)

    async def _websocket(self, request: web.BaseRequest, task: asyncio.Task[object]) -> web.StreamResponse:
        line_writer, notes = self._writer.line_writer(), self._notes()
        offered = list(request.headers.items())
        refuse = lambda: line_writer.open(request.raw_path, offered, status=0)  # noqa: E731
        sent = headers.handshake_to_upstream(request.headers)
        response = await self._ask(request, line_writer, notes, "GET", sent, None, before_abort=refuse)
        if response is None:
            return web.Response()
        answer = headers.recorded(response.headers)
        notes.put(lambda: line_writer.open(request.raw_path, offered, response.status, answer))
        if response.status != 101:
            return await self._pass_on(request, response, line_writer, notes)
        relay = self.sockets[task] = SocketRelay(request, response, line_writer, notes, self._now)
        try:
            await relay.run()
        except asyncio.CancelledError:
            if not self.stopping:
                return web.Response()  # the client is gone, and the relay has closed the upstream connection
            raise
        finally:
            response.close()
        return web.Response()

    async def _ask(
        self,
        request: web.BaseRequest,
        line_writer: LineWriter,
        notes: Notes,
        method: str,
        sent: headers.Headers,
        body: bytes | None,
        before_abort: Callable[[], None] = lambda: None,
    ) -> aiohttp.ClientResponse | None:
        """Return the upstream's answer. None: there was none, and the client was cut off in the same way."""
        assert self._session is not None
        try:
            return await self._session.request(
                method,
                URL(self._upstream + request.raw_path, encoded=True),
                headers=sent,
                data=body,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
                read_until_eof=method != "GET" or "upgrade" not in sent,
            )
        except asyncio.CancelledError:
            notes.put(before_abort)
            self._cancelled(line_writer, notes)
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            how, at = how_it_failed(error), self._now()
            notes.put(before_abort)
            notes.put(lambda: line_writer.abort(how, t=at))
            _log.warning("the upstream did not answer (%s); the client's connection is closed too", how)
            break_off(request.transport, how)
            return None

    async def _pass_on(
        self,
        request: web.BaseRequest,
        response: aiohttp.ClientResponse,
        line_writer: LineWriter,
        notes: Notes,
    ) -> web.StreamResponse:
        connection = response.connection  # None when the whole answer has arrived already
        protocol = connection.protocol if connection is not None else None
        watch = Watch(protocol) if protocol is not None else None
        reply = web.StreamResponse(
            status=response.status, reason=response.reason, headers=headers.to_client(response.headers)
        )
        answer = Answer(line_writer, headers.coding(response.headers))

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
                        lambda data=data: LARGE if _has_many_lines(data) else line_writer.waiting,  # type: ignore[misc]
                    )
            await reply.write_eof()
            over = self._now()
            notes.put(lambda: answer.end(over), lambda: answer.waiting)
        except asyncio.CancelledError:
            broken_off()
            self._cancelled(line_writer, notes)
            raise
        except (aiohttp.ClientError, OSError) as error:
            broken_off()
            over = self._now()
            # aiohttp raises this when it writes to a client that has left
            if isinstance(error, aiohttp.ClientConnectionResetError):
                notes.put(lambda: line_writer.abort("gone", "client", over))
                return reply
            how: How = watch.how if watch else "fin"
            notes.put(lambda: line_writer.abort(how, t=over))
            break_off(request.transport, how)
        finally:
            response.close()
        return reply

    def _cancelled(self, line_writer: LineWriter, notes: Notes) -> None:
        at = self._now()
        if self.stopping:
            notes.put(lambda: line_writer.abort("stopped", t=at))
        else:
            notes.put(lambda: line_writer.abort("gone", "client", at))

    def _notes(self) -> Notes:
        return Notes(self._note, self.writing)

    def _note(self, record: Callable[[], None]) -> None:
        """Write a line. An error here makes the recording unusable, but never disturbs the traffic."""
        if self._writer.failure is not None:  # the recording will not be kept
            return
        try:
            record()
        except CassetteError as error:  # the disk is full
            self._spoiled(error.found)
        except (InexactRecording, CodingError, SlowPattern, TooLarge) as error:
            self._spoiled(str(error))
        except Exception as error:
            self._spoiled(f"{type(error).__name__} while recording")  # its message may quote the traffic

    def _spoiled(self, reason: str) -> None:
        if self._writer.failure is None:  # report only the first problem
            _log.error("this recording will be discarded: %s", reason)
        self._writer.fail(reason)


async def _body(request: web.BaseRequest) -> bytes | None:
    """Return the body, which is held until its end has come; None if it is too large for that."""
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > MOST:
            return None
        parts.append(part)
    return b"".join(parts)


def _refused() -> web.Response:
    message = f"The recorder takes requests of {MOST // 2**20} MiB at most; send less, or past the recorder."
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "request_too_large"}
    answer = web.json_response({"error": error}, status=413)
    answer.force_close()  # more of the body is on its way
    return answer


def _has_many_lines(data: bytes) -> bool:
    return data.count(b"\n") + data.count(b"\r") > _MANY_LINES
