"""An HTTP connection on which creates follow one another with heads alike.

Clients send the same head with every request, but for the length of the body. Who has seen one whole request
knows where the body of the next begins, and what its head says; such a create can be answered past aiohttp,
if there is nothing to wait for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mock_openai.control import redact
from mock_openai.delivery.express import Asked, Express, Ready, Write
from mock_openai.limits import usual_headers
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.request import Request
from mock_openai.site import Connection, Site
from mock_openai.transport.body import decode
from mock_openai.transport.outlet import EVENT_STREAM, as_stream
from mock_openai.transport.reply import Further
from mock_openai.transport.wire import Line

_KEPT_WRITERS = 16
"""Heads prepared at once, one for each model and form of answer."""
_ANSWERED: Mapping[str, Any] = {"status": 200}
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_ELSEWHERE = re.compile(rb"\r\n(?:content-encoding|transfer-encoding|expect) *:", re.IGNORECASE)


class Alike:
    """One such connection; called with what arrives, it says whether that was answered.

    `idle` tells whether no other request of the connection is there or on its way. `chunk` is the request
    that came last, and `body` its body. ValueError when more than that came, or its head says that bodies are
    something else than what stands there.
    """

    def __init__(
        self,
        site: Site,
        express: Express,
        connection: Connection,
        line: Line,
        further: Further,
        idle: Callable[[], bool],
        *,
        chunk: bytes,
        body: bytes,
        path: str,
        content_type: str,
    ) -> None:
        self._site = site
        self._express = express
        self._connection = connection
        self._line = line
        self._further = further
        self._idle = idle
        self._path = path
        self._content_type = content_type
        self._writers: dict[tuple[bool, str], Write] = {}
        end = chunk.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        head = chunk[:end]
        length = _LENGTH.search(head)
        if length is None or int(length[1]) != len(body) or chunk[end:] != body or _ELSEWHERE.search(head):
            raise ValueError("this is no request of the usual kind")
        self._before, self._after = head[: length.start(1)], head[length.end(1) :]

    def __call__(self, data: bytes) -> bool:
        """Answer a create that need not wait for anything; False when it has to go the usual way."""
        if not self._idle() or not self._line.clear:
            return False
        ready = self._express.find(data) or self._prepared(data)
        if ready is None:
            return False
        self._express.answer(ready, self._connection, self._line.write)
        self._site.metrics.answered("/v1/responses", 200)
        return True

    def _prepared(self, data: bytes) -> Ready | None:
        given = self._body(data) if self._express.open else None
        if given is None:
            return None
        body = known = self._site.bodies.find(self._content_type, given)
        if body is None:
            try:
                body = decode(given, self._content_type)
            except ApiError:
                return None
            if not isinstance(body, dict):
                return None
            self._site.bodies.keep(self._content_type, given, body)
        asked = Asked(
            data,
            body,
            len(given),
            transport="http",
            shown={"method": "POST", "path": self._path, "body": redact.body(body)},
            status=_ANSWERED,
            writer=self._writer,
            again=known is not None,
        )
        return self._express.prepare(asked)

    def _body(self, data: bytes) -> bytes | None:
        """Give the body of a request with the same head, if these bytes are one and no more."""
        start = len(self._before)
        end = data.find(b"\r\n", start, start + 16)
        if not data.startswith(self._before) or not data.startswith(self._after, end):
            return None
        body = data[end + len(self._after) :]
        return body if data[start:end] == b"%d" % len(body) else None

    def _writer(self, request: Request) -> Write:
        kind = request.stream, request.model
        found = self._writers.get(kind)
        if found is None:
            if len(self._writers) >= _KEPT_WRITERS:
                self._writers.clear()
            found = self._writers[kind] = self._made_writer(request)
        return found

    def _made_writer(self, request: Request) -> Write:
        rate_limits = usual_headers(request.model)
        if request.stream:
            streamed = self._further.stream(EVENT_STREAM, rate_limits)
            return lambda copy: streamed(as_stream(copy))
        whole = self._further.whole(rate_limits)
        return lambda copy: whole(copy.body())
