"""Builds an error from its code or its status alone."""

from __future__ import annotations

from collections.abc import Mapping

from mock_openai.protocol.errors.base import INVALID_REQUEST, ApiError
from mock_openai.protocol.errors.capacity import (
    RateLimitReached,
    insufficient_quota,
    rate_limit_reached,
    server_error,
    server_overloaded,
)
from mock_openai.protocol.errors.references import context_length_exceeded
from mock_openai.protocol.errors.sockets import connection_limit_reached

_BY_CODE = {
    "context_length_exceeded": context_length_exceeded,
    "insufficient_quota": insufficient_quota,
    "rate_limit_exceeded": rate_limit_reached,
    "server_error": server_error,
    "server_is_overloaded": server_overloaded,
    "slow_down": server_overloaded,
    "websocket_connection_limit_reached": connection_limit_reached,
}
_TYPE_BY_STATUS = {
    401: INVALID_REQUEST,
    403: INVALID_REQUEST,
    404: INVALID_REQUEST,
    429: "requests",
    500: "server_error",
    503: "service_unavailable_error",
}


def by_code(
    code: str | None,
    *,
    status: int | None = None,
    message: str | None = None,
    type: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ApiError:
    """Build an error from its code or its status; fields that are not given have the known values for that
    code.
    """
    if code in _BY_CODE:
        known = _BY_CODE[code]()
    else:
        number = status or 400
        known = ApiError(
            server_error().message if number >= 500 else f"The request failed with the code '{code}'.",
            status=number,
            type=_TYPE_BY_STATUS.get(number, INVALID_REQUEST if number < 500 else "server_error"),
        )
    # Only the known wording names the model; a message of the caller's own stays as it is.
    make = ApiError if message is not None and isinstance(known, RateLimitReached) else known.__class__
    return make(
        message if message is not None else known.message,
        status=status or known.status,
        type=type or known.type,
        param=param if param is not None else known.param,
        code=code,
        headers=headers or known.headers,
    )
