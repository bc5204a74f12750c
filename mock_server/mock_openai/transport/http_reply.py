"""Answering one HTTP request: headers as the API sends them, a whole body or the start of a stream."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.ids import Ids
from mock_openai.threads import LARGE, in_thread, is_large
from mock_openai.transport.cors import Pages
from mock_openai.transport.headers import api_head, api_headers

JSON = "application/json"

_GZIP_FROM = 1024
"""Bytes from which a JSON body is compressed for clients that accept it; the real API's threshold is not
known.
"""

_GZIP_LEVEL = 1
"""The fastest level: compressing costs more than the rest of a short answer."""


class HttpReply:
    """The answer to one HTTP request."""

    def __init__(
        self, request: web.BaseRequest, ids: Ids, pages: Pages, *, unauthorized_as_text: bool = False
    ) -> None:
        self.response: web.StreamResponse | None = None
        """The answer, once it has begun."""
        self.chunked = False
        """Whether the body of a stream is sent in chunks; HTTP/1.0 clients get it without."""
        self._request = request
        self._ids = ids
        self._pages = pages
        self._as_text = unauthorized_as_text
        fit = request.version == HttpVersion11 and request.keep_alive and request.method != "HEAD"
        self.fast = (
            FastReply(ids, gzips=_takes_gzip(request)) if fit and "Origin" not in request.headers else None
        )
        """Writes the answer without aiohttp; None unless the request is HTTP/1.1 with keep-alive, not a HEAD,
        and without an Origin, whose answer has headers of its own.
        """
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    async def json(
        self, value: object, *, status: int = 200, rate_limits: Mapping[str, str] | None = None
    ) -> None:
        """Answer with a pretty-printed JSON body (observed)."""
        body = await in_thread(json.pretty, value) if is_large(value) else json.pretty(value)
        await self.whole(status, {}, body, rate_limits=rate_limits)

    async def error(self, error: ApiError) -> None:
        """Answer with an error in its envelope."""
        headers = dict(error.headers)
        # Observed 2026-08 on handshakes and creates: the same error, a sibling `status`, text/plain.
        as_text = error.status == 401 and self._as_text
        if as_text:
            headers["content-type"] = "text/plain"
        await self.whole(error.status, headers, json.pretty(error.body(with_status=as_text)))

    async def whole(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        rate_limits: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with a whole body; `headers` replace the usual ones of the same name."""
        gzips = not headers and len(body) >= _GZIP_FROM and _takes_gzip(self._request)
        gzipped = await in_thread(_gzipped, body) if gzips and len(body) > LARGE else None
        seconds = self._loop.time() - self._began
        if self.fast is not None and not headers:
            written = self.fast.whole(
                body, gzipped, status=status, seconds=seconds, rate_limits=rate_limits or {}
            )
            await self._write(status, written)
            return
        shown = api_headers(JSON, self._ids, seconds, rate_limits)
        if gzips:
            body = gzipped or _gzipped(body)
            shown["content-encoding"] = "gzip"
        shown.update(self._pages.allowed(self._request.headers))
        response = web.Response(status=status, body=body, headers={**shown, **_lower(headers)})
        self.response = response
        await response.prepare(self._request)
        await response.write_eof()

    async def stream(
        self, content_type: str, data: bytes, *, rate_limits: Mapping[str, str] | None = None
    ) -> None:
        """Answer with a stream that is complete already, in one write."""
        if self.fast is not None:
            seconds = self._loop.time() - self._began
            written = self.fast.stream(content_type, data, seconds=seconds, rate_limits=rate_limits or {})
            await self._write(200, written)
            return
        writer = await self.begin(200, content_type, {}, rate_limits=rate_limits)
        await writer.write(data)
        await self.end()

    async def begin(
        self,
        status: int,
        content_type: str,
        headers: Mapping[str, str],
        *,
        rate_limits: Mapping[str, str] | None = None,
    ) -> AbstractStreamWriter:
        """Begin a stream. Its headers leave with the first bytes of the body."""
        usual = api_headers(content_type, self._ids, self._loop.time() - self._began, rate_limits)
        usual.update(self._pages.allowed(self._request.headers))
        response = web.StreamResponse(status=status, headers={**usual, **_lower(headers)})
        if self._request.version >= HttpVersion11:
            self.chunked = True
            response.enable_chunked_encoding()
        else:
            response.force_close()
        self.response = response
        writer = await response.prepare(self._request)
        assert writer is not None
        return writer

    async def end(self) -> None:
        """End the stream in good order."""
        if self.response is not None:
            await self.response.write_eof()

    async def _write(self, status: int, answer: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has disconnected")
        self.response = Written(status=status)
        transport.write(answer)
        await self._request.writer.drain()


class FastReply:
    """Writes a whole answer without aiohttp: the same bytes at a third of the cost (measured)."""

    def __init__(self, ids: Ids, *, gzips: bool) -> None:
        self._ids = ids
        self._gzips = gzips

    def whole(
        self,
        body: bytes,
        gzipped: bytes | None = None,
        *,
        status: int = 200,
        seconds: float = 0.0,
        rate_limits: Mapping[str, str],
    ) -> bytes:
        """Return an answer with a JSON body, which took `seconds`. `gzipped` is the body compressed, if that
        was done already.
        """
        more = ""
        if self._gzips and len(body) >= _GZIP_FROM:
            body, more = gzipped or _gzipped(body), "content-encoding: gzip\r\n"
        more = f"{more}Content-Length: {len(body)}\r\n"
        return api_head(self._ids, status, JSON, seconds, rate_limits, more) + body

    def stream(
        self, content_type: str, data: bytes, *, seconds: float = 0.0, rate_limits: Mapping[str, str]
    ) -> bytes:
        """Return an answer that is a stream."""
        chunked = "Transfer-Encoding: chunked\r\n"
        head = api_head(self._ids, 200, content_type, seconds, rate_limits, chunked)
        return b"%b%x\r\n%b\r\n0\r\n\r\n" % (head, len(data), data)


class Written(web.StreamResponse):
    """An answer that was written without aiohttp, in the form that aiohttp expects."""

    def __init__(self, *, status: int, keep_alive: bool = True) -> None:
        super().__init__(status=status)
        self._goes_on = keep_alive

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open for another request."""
        return self._goes_on

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""


def _takes_gzip(request: web.BaseRequest) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "").lower()


def _gzipped(body: bytes) -> bytes:
    # Observed on JSON answers only; streams are never gzipped.
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
