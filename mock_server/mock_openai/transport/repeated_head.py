"""A fast path for an HTTP connection on which creates follow one another with the same head.

Clients send the same head with every request, except for the length of the body. Once one whole request was
read, the head of the next need not be parsed again; such a create is played in the call that brings it, past
aiohttp, if its plan allows that.
"""

from __future__ import annotations

import asyncio

from mock_openai.delivery.play import play_at_once
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.template import Rendered
from mock_openai.state import Begun, ClientConnection, ServerState
from mock_openai.transport.body import received_create
from mock_openai.transport.http_connection import HttpConnection, first_request
from mock_openai.transport.http_reply import FastReply
from mock_openai.transport.http_writers import EVENT_STREAM, as_stream
from mock_openai.transport.tcp import TcpConnection
from mock_openai.turn.plan import Caller, Plan
from mock_openai.turn.request_cache import ReceivedRequest


class RepeatedHead:
    """The fast path of one connection. Called with the bytes that arrive, it returns whether it has answered
    them. Raises ValueError unless the request just answered came in one piece, alone, with a body that is
    neither chunked nor compressed.
    """

    def __init__(
        self,
        state: ServerState,
        connection: ClientConnection,
        http: HttpConnection,
        tcp: TcpConnection,
        caller: Caller,
        fast: FastReply,
        *,
        path: str,
        content_type: str,
    ) -> None:
        arrived = http.arrived or b""
        request = first_request(arrived)
        if request is None or request[2] != len(arrived):
            raise ValueError("expected exactly one request, with a body that is not encoded")
        self._before, self._after, _ = request
        self._state = state
        self._connection = connection
        self._http = http
        self._tcp = tcp
        self._caller = caller
        self._fast = fast
        self._head = json.compact({"method": "POST", "path": path})
        self._content_type = content_type
        self._time = asyncio.get_running_loop().time

    def __call__(self, data: bytes) -> bool:
        """Answer a create; one that is not answered here is left to aiohttp, with its plan."""
        # While a request is being answered, or aiohttp may hold another one, this request has to wait.
        if not self._http.between or self._http.arrived != b"" or not self._tcp.is_clear():
            return False
        received = self._received(data)
        if received is None:
            return False
        state = self._state
        position = state.next_turn(self._connection)
        state.note_create(position, self._head, received.noted(state.journal.redactor), self._time())
        plan = state.planned(received, self._caller, position)
        if plan is not None:
            played = play_at_once(
                state, plan, position, lambda events: self._tcp.write(self._written(events, plan)), self._time
            )
            if played is not None:
                state.metrics.answered("/v1/responses", 200)
                return True
        self._connection.begun = Begun(received, self._caller, position, plan)
        return False

    def _received(self, data: bytes) -> ReceivedRequest | None:
        """Return the cache entry if these bytes are exactly one request with the same head."""
        start = len(self._before)
        end = data.find(b"\r\n", start, start + 16)
        if not data.startswith(self._before) or not data.startswith(self._after, end):
            return None
        body = data[end + len(self._after) :]
        if data[start:end] != b"%d" % len(body):
            return None
        try:
            return received_create(self._state.requests, body, self._content_type)
        except ApiError:
            return None

    def _written(self, rendered: Rendered, plan: Plan) -> bytes:
        assert plan.request is not None, "only a valid request has an answer that was rendered"
        if plan.request.stream:
            return self._fast.stream(EVENT_STREAM, as_stream(rendered), rate_limits=plan.rate_limits)
        return self._fast.whole(rendered.body(), rate_limits=plan.rate_limits)
