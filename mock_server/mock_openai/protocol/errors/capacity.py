"""Errors for limits, quota, overload and failures of the server."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from mock_openai.protocol.errors.base import ApiError


class RateLimitReached(ApiError):
    """The only error that names the model; it may be created before the model is known."""

    def about(self, model: str) -> ApiError:
        """Return the error worded for this model."""
        message = self.message.replace(f" for {UNTOLD} in ", f" for {model} in ", 1)
        return RateLimitReached(
            message,
            status=self.status,
            type=self.type,
            param=self.param,
            code=self.code,
            headers=self.headers,
        )


UNTOLD = "gpt-4o"
"""The model that a rate limit names while no other is known."""


def rate_limit_reached(
    model: str = UNTOLD,
    unit: Literal["requests", "tokens"] = "tokens",
    *,
    limit: int = 30_000,
    used: int = 29_000,
    requested: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> ApiError:
    """Return the error: the requests or tokens of this minute are spent (reported).

    The waiting time follows from the numbers, as in every reported message: limits refill evenly over the
    minute. `retry-after` and `retry-after-ms` are inferred from the headers that OpenAI's clients obey.
    """
    asked = requested if requested is not None else 2_000 if unit == "tokens" else 1
    wait = max(0.0, (used + asked - limit) * 60 / limit)
    thousandths = max(1, math.ceil(round(wait * 1000, 3)))
    name = "tokens per min (TPM)" if unit == "tokens" else "requests per min (RPM)"
    return RateLimitReached(
        f"Rate limit reached for {model} in organization org-mock on {name}: Limit {limit}, Used {used}, "
        f"Requested {asked}. Please try again in {duration(thousandths / 1000)}. "
        "Visit https://platform.openai.com/account/rate-limits to learn more.",
        status=429,
        type=unit,
        code="rate_limit_exceeded",
        headers={
            **(headers or {}),
            "retry-after": str(math.ceil(thousandths / 1000)),
            "retry-after-ms": str(thousandths),
        },
    )


def request_too_large(
    model: str, *, limit: int, requested: int, headers: Mapping[str, str] | None = None
) -> ApiError:
    """Return the error: one request asks for more tokens than a whole minute has; waiting does not help
    (reported).
    """
    return RateLimitReached(
        f"Request too large for {model} in organization org-mock on tokens per min (TPM): Limit {limit}, "
        f"Requested {requested}. The input or output tokens must be reduced in order to run successfully. "
        "Visit https://platform.openai.com/account/rate-limits to learn more.",
        status=429,
        type="tokens",
        code="rate_limit_exceeded",
        headers=headers,
    )


def duration(seconds: float) -> str:
    """Write seconds as the API does, in whole milliseconds: `12ms`, `6.57s`, `1m0s` (observed)."""
    thousandths = math.floor(round(seconds * 1000, 3))
    if thousandths < 1000:
        return f"{thousandths}ms" if thousandths else "0s"
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}" if minutes else text


def insufficient_quota() -> ApiError:
    """Return the error for a spent quota (reported)."""
    return ApiError(
        "You exceeded your current quota, please check your plan and billing details. For more information "
        "on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        status=429,
        type="insufficient_quota",
        code="insufficient_quota",
    )


def server_error(request_id: str | None = None) -> ApiError:
    """Return the error: something broke on the server's side (reported)."""
    reference = f" Please include the request ID {request_id} in your message." if request_id else ""
    return ApiError(
        "An error occurred while processing your request. You can retry your request, or contact us "
        f"through our help center at help.openai.com if the error persists.{reference}",
        status=500,
        type="server_error",
        code="server_error",
    )


def server_overloaded() -> ApiError:
    """Return the error for a server without capacity (reported)."""
    return ApiError(
        "Our servers are currently overloaded. Please try again later.",
        status=503,
        type="service_unavailable_error",
        code="server_is_overloaded",
    )
