"""The responder that asks a real server: over HTTP, SSE and WebSocket, with the client's own key."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping

import aiohttp

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event, Timed
from mock_openai.resolver import resolver
from mock_openai.responders.answer import Answer, Recorded, Relayed
from mock_openai.responders.base import Turn
from mock_openai.upstream.address import PASSED_BY, Address, passed_on
from mock_openai.upstream.failure import Refusal, cut, keep_refusal, loops_back, unreachable
from mock_openai.upstream.request_body import CreatedUpstream, outgoing
from mock_openai.upstream.socket import CLOSE_WITHIN, CONNECT_WITHIN, SILENT_AT_MOST, UpstreamSocket
from mock_openai.upstream.stream import LARGEST, Size, TooLarge, as_event, created_in, response_in
from mock_openai.wire.sse import EventStream

KEPT_IDLE = 5.0
"""Seconds for which a connection is kept for another request, as in OpenAI's own client. The longer it is
kept, the more often upstream closes it at the same moment, and a create must not be sent twice.
"""

_PIECE = 8 * 1024
"""Bytes of a stream that are cut into events at once."""

_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


class Upstream:
    """Forwards requests that no rule here answers to another server, and passes its answers on as they
    arrive.

    It is asked about invalid requests too, because upstream decides what is valid. Each WebSocket of a client
    has one of its own to upstream, so that state which belongs to a connection is kept there.
    """

    takes_errors = True
    reads_only = True

    def __init__(self, address: str) -> None:
        self.address = Address.parse(address)
        self.created = CreatedUpstream()
        """The responses that upstream created."""
        self._mark = uuid.uuid4().hex[:16]
        self._session: aiohttp.ClientSession | None = None
        self._sockets: dict[int, UpstreamSocket] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._opening: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def answer(self, turn: Turn) -> Answer:
        """Send the request, and return the answer, which may still be arriving."""
        if self._mark in turn.headers.get(PASSED_BY, ""):
            return loops_back(self.address)
        try:
            if turn.transport == "websocket":
                return await self._over_socket(turn)
            return await self.pass_on("POST", _asked_at(turn), turn.headers, json.compact(self._body(turn)))
        except _FAILURES as error:
            return unreachable(self.address, error)

    async def pass_on(
        self, method: str, path_qs: str, headers: Mapping[str, str], data: bytes
    ) -> Recorded | Relayed | ApiError:
        """Pass an HTTP request on, and return the answer: whole, or as it arrives if it is a stream."""
        if self._mark in headers.get(PASSED_BY, ""):
            return loops_back(self.address)
        given = passed_on(headers, self._mark)
        if data:
            given["Content-Type"] = headers.get("Content-Type", "application/json")
        try:
            # A redirect is the client's to follow (`Address.from_here`): it decides who gets its credentials.
            answer = await self._client.request(
                method, self.address.url(path_qs), headers=given, data=data, allow_redirects=False
            )
        except _FAILURES as error:
            return unreachable(self.address, error)
        told = {
            name: self.address.from_here(value) if name.lower() == "location" else value
            for name, value in answer.headers.items()
        }
        if answer.content_type == "text/event-stream" and answer.status == 200:
            return Relayed(self._events(answer), answer.status, told)
        try:
            body = await _whole(answer)
        except (*_FAILURES, TooLarge) as error:
            return unreachable(self.address, error)
        finally:
            answer.release()
        if method == "POST" and answer.status == 200:
            response = response_in(body)
            if response.id is not None:
                self.created.add(response.id)
            event = response.event(body) if path_qs.partition("?")[0] == "/v1/responses" else None
            if event is not None:
                return Recorded(answer.status, told, events=(Timed(0.0, event),))
        return Recorded(answer.status, told, body=body)

    def hung_up(self, connection: int) -> None:
        """Close the upstream socket too."""
        self._opening.pop(connection, None)
        socket = self._sockets.pop(connection, None)
        if socket is not None:
            closing = asyncio.get_running_loop().create_task(socket.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End everything that is under way."""
        for connection in tuple(self._sockets):
            self.hung_up(connection)
        await asyncio.gather(*self._closing, return_exceptions=True)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_IDLE, resolver=resolver()),
                cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookies are not another's
                middlewares=(keep_refusal,),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_WITHIN, sock_read=SILENT_AT_MOST
                ),
                read_bufsize=2**20,
            )
        return self._session

    def _body(self, turn: Turn) -> dict[str, object]:
        return outgoing(turn, self.created)

    async def _events(self, answer: aiohttp.ClientResponse) -> AsyncGenerator[list[Event], None]:
        stream, size = EventStream(), Size()
        try:
            async for data in _pieces(answer):
                if events := [as_event(came) for came in stream.feed(data)]:
                    for event in events:
                        if event.type == "response.created":
                            self._note_created(event.data)
                    yield events
                size.add(len(data), len(events))
            if (left := stream.close()) is not None:
                yield [as_event(left)]
        except _FAILURES as error:
            raise cut(error, stream.rest) from error
        except TooLarge as error:
            raise cut(error) from error
        finally:
            answer.close()

    async def _over_socket(self, turn: Turn) -> Answer:
        try:
            async with self._opening[turn.connection]:  # turns of two lanes may begin at the same time
                socket = await self._socket(turn)
        except Refusal as refusal:
            return refusal.error(turn.key)
        except aiohttp.WSServerHandshakeError as error:
            return Refusal(error.status).error()
        return Relayed((await socket.ask(self._body(turn))).events())

    async def _socket(self, turn: Turn) -> UpstreamSocket:
        socket = self._sockets.get(turn.connection)
        if socket is not None and socket.usable:
            return socket
        if socket is not None:
            await socket.close()
        opened = await self._client.ws_connect(
            self.address.url(_asked_at(turn)),
            headers=passed_on(turn.headers, self._mark),
            max_msg_size=LARGEST,
            autoping=False,  # it would answer a flood of pings before anything else
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_WITHIN),
        )
        socket = self._sockets[turn.connection] = UpstreamSocket(opened, self._note_created)
        return socket

    def _note_created(self, created: bytes) -> None:
        response = created_in(created)
        if response is not None:
            self.created.add(response)


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """Return a body that is not a stream. Raises TooLarge."""
    body, size = bytearray(), Size()
    async for data in answer.content.iter_any():
        size.add(len(data))
        body += data
    return bytes(body)


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Yield a stream as it comes, some events at a time: a read may have hundreds of thousands."""
    async for data in answer.content.iter_any():
        for start in range(0, len(data), _PIECE):
            yield data[start : start + _PIECE]


def _asked_at(turn: Turn) -> str:
    return f"/v1/responses?{turn.query}" if turn.query else "/v1/responses"
