"""What a client is told when the other server fails: an error as the API words it, or the cut as it was."""

from __future__ import annotations

import aiohttp

from mock_openai.protocol.errors import ApiError
from mock_openai.responders.answer import Cut
from mock_openai.upstream.address import Address


def unreachable(address: Address, error: BaseException) -> ApiError:
    """Say that there is no answer to pass on: 502, which clients try again."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            why = "its host name is not known. Check the address"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            why = "its TLS certificate is not trusted. Name its authority in SSL_CERT_FILE"
        case aiohttp.ClientConnectorError(os_error=cause):
            why = f"no connection ({cause.strerror or type(cause).__name__}). Check that it runs"
        case TimeoutError():
            why = "no answer in time"
        case _:
            why = "it closed the connection before it answered"
    return ApiError(
        f"The upstream server {address} cannot be asked: {why}.",
        status=502,
        type="server_error",
        code="upstream_unreachable",
    )


def in_circles(address: Address) -> ApiError:
    """Say that the other server leads back to this one."""
    return ApiError(
        f"The upstream server {address} leads back to this one. Name another.",
        status=508,
        type="server_error",
        code="upstream_loop",
    )


def cut(error: BaseException, rest: bytes = b"") -> Cut:
    """Tell how an answer broke off; `rest` is what came of the next event."""
    return Cut("reset" if isinstance(error, OSError) and not _is_timeout(error) else "fin", rest)


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError)
