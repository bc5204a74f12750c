"""What a client gets if the upstream server fails: an error in the API's form, or a connection broken
likewise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.responders.answer import Cut
from mock_openai.upstream.address import Address
from mock_openai.upstream.stream import TooLarge
from mock_openai.wire.hop_by_hop import HOP_BY_HOP, OF_THE_BODY

_LONGEST, _WITHIN = 65_536, 10.0
"""Bytes of a refusal that are read, and seconds to wait for them."""
_SHOWN = 1_000
"""Characters of a refusal that are shown, if it is not an error in the API's form."""

# Headers about the connection or the encoding of the body, and cookies, which are for browsers.
_NOT_TOLD = HOP_BY_HOP | OF_THE_BODY | {"content-type", "date", "set-cookie"}


class Refusal(Exception):
    """A WebSocket that upstream did not open, and its answer."""

    def __init__(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        super().__init__(f"refused with status {status}")
        self.status = status
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.body = body

    def error(self, key: str | None = None) -> ApiError:
        """Return the refusal as an error of the API: upstream's own if it sent one, else one with its text.
        The client's key is removed.
        """
        if key:
            self.body = self.body.replace(key.encode("utf-8", "surrogateescape"), b"[redacted]")
        headers = {name: value for name, value in self.headers.items() if name not in _NOT_TOLD}
        found = _error_in(self.body)
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        if found is not None:
            return ApiError(
                str(found["message"]),
                status=self.status,
                type=str(found.get("type") or kind),
                param=_text(found.get("param")),
                code=_text(found.get("code")),
                headers=headers,
            )
        said = " ".join(self.body.decode("utf-8", "replace").split())[:_SHOWN]
        said = f": {said}" if said else "."
        return ApiError(
            f"The upstream server refused the WebSocket with status {self.status}{said}",
            status=self.status,
            type=kind,
            code="upstream_refused",
            headers=headers,
        )


async def keep_refusal(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Raise a Refusal if a server refuses or redirects a WebSocket; aiohttp's own error has no body, and a
    redirect it follows with the client's credentials. A middleware.
    """
    answer = await handler(request)
    if answer.status < 300 or "Sec-WebSocket-Key" not in request.headers:
        return answer
    body = b""
    try:
        async with asyncio.timeout(_WITHIN):
            body = await answer.content.readexactly(_LONGEST)
    except asyncio.IncompleteReadError as error:
        body = error.partial
    except (aiohttp.ClientError, TimeoutError):
        pass  # the status is known in any case
    answer.close()
    raise Refusal(answer.status, answer.headers, body)


def _error_in(body: bytes) -> Mapping[str, object] | None:
    error = (json.object_in(body) or {}).get("error")
    return error if isinstance(error, dict) and error.get("message") else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def unreachable(address: Address, error: BaseException) -> ApiError:
    """Return the error for an upstream that did not answer: 502, which clients retry."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            why = "its host name cannot be resolved. Check the address"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            why = "its TLS certificate is not trusted. Set SSL_CERT_FILE to its authority"
        case aiohttp.ClientConnectorError(os_error=cause):
            why = f"no connection ({cause.strerror or type(cause).__name__}). Check that it runs"
        case TooLarge():
            why = str(error)
        case aiohttp.ClientPayloadError():
            why = "its answer broke off, or is compressed in a way that cannot be read"
        case TimeoutError():
            why = "no answer in time"
        case _:
            why = "it closed the connection before it answered"
    return ApiError(
        f"The upstream server {address} cannot be used: {why}.",
        status=502,
        type="server_error",
        code="upstream_unreachable",
    )


def loops_back(address: Address) -> ApiError:
    """Return the error for an upstream that leads back to this server."""
    return ApiError(
        f"The upstream server {address} leads back to this server. Give another one.",
        status=508,
        type="server_error",
        code="upstream_loop",
    )


def cut(error: BaseException, rest: bytes = b"") -> Cut:
    """Return how an answer broke off; `rest` has the bytes of the next event so far."""
    return Cut("reset" if isinstance(error, OSError) and not isinstance(error, TimeoutError) else "fin", rest)
