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
from mock_openai.protocol.request import Request
from mock_openai.protocol.stencil import Copy
from mock_openai.site import Connection, Site
from mock_openai.transport.at_once import AtOnce
from mock_openai.transport.body import decode
from mock_openai.transport.outlet import EVENT_STREAM, as_stream
from mock_openai.transport.reply import Further
from mock_openai.transport.tcp import Line

_KEPT_WRITERS = 16
"""Heads prepared at once, one for each model and form of answer."""
_ANSWERED: Mapping[str, Any] = {"status": 200}
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_ELSEWHERE = re.compile(rb"\r\n(?:content-encoding|transfer-encoding|expect) *:", re.IGNORECASE)


class Alike(AtOnce):
    """One such connection.

    `chunk` is the request that came last, and `body` its body. ValueError when more than that came, or its
    head says that bodies are something else than what stands there.
    """

    def __init__(
        self,
        site: Site,
        express: Express,
        connection: Connection,
        line: Line,
        idle: Callable[[], bool],
        further: Further,
        *,
        chunk: bytes,
        body: bytes,
        path: str,
        content_type: str,
    ) -> None:
        super().__init__(site, express, connection, line, idle)
        self._further = further
        self._path = path
        self._content_type = content_type
        self._writers: dict[tuple[bool, str], Write] = {}
        end = chunk.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        head = chunk[:end]
        length = _LENGTH.search(head)
        if length is None or int(length[1]) != len(body) or chunk[end:] != body or _ELSEWHERE.search(head):
            raise ValueError("this is no request of the usual kind")
        self._before, self._after = head[: length.start(1)], head[length.end(1) :]

    def _prepared(self, data: bytes) -> Ready | None:
        given = self._own_body(data)
        found = None if given is None else self._body(self._content_type, given, self._decoded)
        if given is None or found is None:
            return None
        body, again = found
        asked = Asked(
            data,
            body,
            len(given),
            transport="http",
            shown={"method": "POST", "path": self._path, "body": redact.body(body)},
            status=_ANSWERED,
            writer=self._writer,
            again=again,
        )
        return self._express.prepare(asked)

    def _answered(self, copy: Copy) -> None:
        self._site.metrics.answered("/v1/responses", 200)

    def _decoded(self, data: bytes) -> Any:
        return decode(data, self._content_type)

    def _own_body(self, data: bytes) -> bytes | None:
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
