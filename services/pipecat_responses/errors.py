"""Failures of a turn, as values.

A ``Failure`` is one thing that went wrong, whether the API reported it (in a response, an error event or an
HTTP status), the connection was lost, or a time limit passed. ``categories`` classifies it, ``wording`` says
what to do about it, for both transports.
"""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

__all__ = [
    "Failure",
    "Source",
    "TurnBroken",
    "failure_of_error",
    "failure_of_event",
    "failure_of_response",
    "place_of",
]

Source = Literal[
    "response",
    "incomplete",
    "websocket",
    "http",
    "refused",
    "handshake",
    "connection",
    "timeout",
    "stream",
    "empty",
    "call",
    "context",
]
"""Where a failure was noticed.

``response``: the API ended a response as failed; ``incomplete``: as incomplete. ``websocket`` and ``http``:
it sent an error event. ``refused``: it answered a request with an error status. ``handshake``: it refused
the connection. ``connection``: the connection was lost or could not be opened. ``timeout``: silence for too
long. ``stream``: the events are not a complete answer. ``empty``: an answer without text or call. ``call``:
a call whose arguments are not a JSON object. ``context``: the bot's context cannot be sent.
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong."""

    source: Source
    message: str
    code: str | None = None
    type: str | None = None
    param: str | None = None
    status: int | None = None
    request_id: str | None = None
    response_id: str | None = None
    retry_after: float | None = None
    """Seconds the API asks to wait before the next attempt."""
    unreached: bool = False
    """Whether no server was there that could have seen the attempt."""

    @property
    def kind(self) -> str:
        """The kind that attempts are counted by: ``outage`` if no server was there, ``loss`` if one was and
        the connection or its stream broke, otherwise the source.
        """
        if self.source in ("connection", "stream"):
            return "outage" if self.unreached else "loss"
        return self.source

    @property
    def codes(self) -> frozenset[str]:
        """Code and type in lower case; servers differ in which of the two they set."""
        return frozenset(word.lower() for word in (self.code, self.type) if word)


class TurnBroken(Exception):
    """An attempt at an answer ended early. The turn decides whether to try again."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure

    def __str__(self) -> str:
        return self.failure.message


def place_of(url: object) -> str:
    """Return a URL as messages show it: without user, password and query, which may be credentials."""
    try:
        parts = urlsplit(str(url))
    except ValueError:  # brackets of an IPv6 address that do not match, for example
        return "the address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


_TRY_AGAIN = re.compile(r"try again in\s*(\d+(?:\.\d+)?)\s*(ms|s|sec|seconds?|m|minutes?)\b", re.IGNORECASE)
_REQUEST_ID = re.compile(r"\breq_[0-9A-Za-z]+\b|request id[: ]+([0-9a-f-]{16,})", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def failure_of_error(
    error: object,
    source: Source,
    *,
    status: int | None = None,
    headers: Mapping[str, Any] | None = None,
    request_id: str | None = None,
) -> Failure:
    """Return the failure of an API error object (``{message, type, param, code}``) or of plain text."""
    fields: Mapping[str, Any] = error if isinstance(error, Mapping) else {"message": error}
    message = str(fields.get("message") or "").strip() or _default_message(status)
    headers = {**_lowered(fields.get("headers")), **_lowered(headers)}
    return Failure(
        source=source,
        message=message,
        code=_text(fields.get("code")),
        type=_text(fields.get("type")),
        param=_text(fields.get("param")),
        status=status,
        request_id=request_id or _text(headers.get("x-request-id")) or _request_id_in(message),
        retry_after=_retry_after(headers, message),
    )


def failure_of_event(event: Mapping[str, Any]) -> Failure:
    """Return the failure of an error event: nested, as the API sends it, or flat, as it is documented."""
    error = event.get("error")
    nested = isinstance(error, Mapping | str) and bool(error)
    status = event.get("status", event.get("status_code"))
    return failure_of_error(
        error if nested else {name: event.get(name) for name in ("message", "code", "param")},
        "websocket" if status is not None or event.get("stream_id") else "http",
        status=status if isinstance(status, int) else None,
        headers=event.get("headers"),
    )


def failure_of_response(response: Mapping[str, Any], *, incomplete: bool) -> Failure:
    """Return the failure of a response object that ended as failed or incomplete."""
    response_id = _text(response.get("id"))
    if incomplete:
        details = response.get("incomplete_details")
        reason = _text(details.get("reason")) if isinstance(details, Mapping) else None
        return Failure("incomplete", reason or "Response incomplete", code=reason, response_id=response_id)
    found = failure_of_error(response.get("error") or "Response failed", "response")
    return Failure(
        "response",
        found.message,
        code=found.code,
        type=found.type,
        param=found.param,
        request_id=found.request_id,
        retry_after=found.retry_after,
        response_id=response_id,
    )


def _moment(date: str) -> float:
    """Return an HTTP date in seconds since 1970. Raises ValueError, TypeError or OverflowError."""
    return parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()  # HTTP dates are always in GMT


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def _lowered(headers: object) -> dict[str, Any]:
    return (
        {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, Mapping) else {}
    )


def _default_message(status: int | None) -> str:
    return f"HTTP status {status}" if status else "Unknown error"


def _request_id_in(message: str) -> str | None:
    found = _REQUEST_ID.search(message)
    return (found[1] or found[0]) if found else None


def _retry_after(headers: Mapping[str, Any], message: str) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(KeyError, TypeError, ValueError):
            if isfinite(seconds := float(headers[name]) * unit):
                return max(0.0, seconds)
    with suppress(KeyError, TypeError, ValueError, OverflowError):
        # As a date (RFC 9110, section 10.2.3), which is compared with the server's own clock, if possible.
        now = time.time()
        with suppress(KeyError, TypeError, ValueError, OverflowError):
            now = _moment(headers["date"])
        return max(0.0, _moment(headers["retry-after"]) - now)
    if found := _TRY_AGAIN.search(message):
        return float(found[1]) * _SECONDS["ms" if found[2].lower() == "ms" else found[2][0].lower()]
    return None
