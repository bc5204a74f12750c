"""Reading request bodies: bounded, decompressed, and as JSON that the rest of the server can trust.

Whatever a client sends ends in a value or in an ApiError: deep nesting, NaN, numbers out of range, unknown
charsets, broken or bomb-like compression. Nothing here raises anything else but ConnectionError.
"""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from mock_openai.journal import redact
from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError, invalid_json, too_many_values
from mock_openai.threads import LARGE, in_thread
from mock_openai.turn.request_cache import ReceivedRequest, RequestCache

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request body, after decompression. The real limit on HTTP is not known; WebSocket messages end
at 16 MiB.
"""

LARGE_BODY = 512 * 1024
"""Bytes of a request from which a thread reads it, so that other clients are served meanwhile. A thousand
messages are half as large and take 5 ms.
"""

_SILENCE = 60.0
"""Seconds that a client may take between two pieces of a body."""

_NO_OBJECT = msgspec.Raw(b"{}")


async def read_body(request: web.BaseRequest) -> bytes:
    """Read and decompress the whole body. Raises ApiError if it is too large or cannot be decompressed."""
    try:
        # Nearly all bodies are there with their headers.
        data = request.content.read_nowait() if request.content.is_eof() else await _awaited(request)
    except TimeoutError:
        raise ApiError("The request body did not arrive in time.", status=408) from None
    except (web.RequestPayloadError, HttpProcessingError):
        raise invalid_json() from None
    if len(data) > MAX_BODY:
        raise _too_large()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity") or not data:
        return data
    return await in_thread(_decompress, data, encoding) if len(data) > LARGE else _decompress(data, encoding)


async def _awaited(request: web.BaseRequest) -> bytes:
    loop = asyncio.get_running_loop()
    data = bytearray()
    async with asyncio.timeout(_SILENCE) as timeout:
        async for part in request.content.iter_any():
            data += part
            if len(data) > MAX_BODY:
                break
            timeout.reschedule(loop.time() + _SILENCE)
    return bytes(data)


def decode(data: bytes, content_type: str = "") -> Any:
    """Return the JSON value of a body or message. Raises ApiError if it is not JSON, or cannot be echoed."""
    charset = _charset(content_type) if content_type else "utf-8"
    if charset not in ("utf-8", "utf8", "us-ascii", "ascii"):
        try:
            data = data.decode(charset).encode()
        except (LookupError, UnicodeError, ValueError):
            raise invalid_json() from None
    if len(data) > json.MOST_VALUES and json.has_more_values(data, json.MOST_VALUES):
        raise too_many_values(json.MOST_VALUES)
    try:
        # Deeper bodies are refused: echoing them would exhaust the encoder.
        return json.parse_shallow(data)
    except ValueError:
        raise invalid_json() from None


async def decoded(data: bytes, content_type: str) -> Any:
    """Same as `decode`; a thread decodes a large body."""
    return (
        await in_thread(decode, data, content_type) if len(data) > LARGE_BODY else decode(data, content_type)
    )


def received_create(requests: RequestCache, data: bytes, content_type: str) -> ReceivedRequest:
    """Return the cache entry of a create's body. Raises ApiError if the body is not a JSON object."""
    received = requests.find(content_type, data)
    if received is None:
        body = decode(data, content_type)
        if not isinstance(body, dict):
            raise invalid_json()
        received = requests.keep(content_type, data, body)
    return received


def to_note(data: bytes, content_type: str, redactor: JournalRedactor) -> msgspec.Raw | None:
    """Return a body as the journal stores it, as JSON without secrets: `{}` if it is not a JSON object, None
    if it is empty.
    """
    if not data:
        return None
    try:
        body = decode(data, content_type)
    except ApiError:
        return _NO_OBJECT
    return redact.body(body, redactor) if isinstance(body, dict) else _NO_OBJECT


@lru_cache(maxsize=64)
def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def _decompress(data: bytes, encoding: str) -> bytes:
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ApiError(f"Unsupported content encoding: '{encoding}'.", status=415)
    windows = (16 + zlib.MAX_WBITS,) if encoding != "deflate" else (zlib.MAX_WBITS, -zlib.MAX_WBITS)
    for window in windows:
        inflater = zlib.decompressobj(window)
        try:
            # One byte more than allowed is enough to know, so a bomb costs no more than a large body.
            plain = inflater.decompress(data, MAX_BODY + 1)
        except zlib.error:
            continue
        if len(plain) > MAX_BODY:
            raise _too_large()
        if inflater.eof:
            return plain
    raise invalid_json()


def _too_large() -> ApiError:
    return ApiError(f"The request body is larger than {MAX_BODY} bytes.", status=413)
