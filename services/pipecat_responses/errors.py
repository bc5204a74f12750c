"""What can go wrong with a turn, in which of Pipecat's categories it falls, and the words that say what to do
about it.

A ``Failure`` is a value: one thing that went wrong, whoever noticed it (the API in a response, in an error
frame or in an HTTP status; the connection; a clock). Category, permanence and wording are decided here from
the API's code, on both transports alike.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipecat.utils.errors import ErrorCategory, classify_http_status_code

__all__ = [
    "Failure",
    "Source",
    "TurnBroken",
    "category",
    "failure_of_error",
    "failure_of_response",
    "is_permanent",
    "wording",
]

Source = Literal[
    "response",
    "incomplete",
    "websocket",
    "http",
    "handshake",
    "connection",
    "timeout",
    "stream",
    "empty",
    "call",
]
"""Where a failure was noticed.

``response``: the API ended a response as failed; ``incomplete``: as incomplete. ``websocket`` and ``http``:
it refused a request, or sent an error event. ``handshake``: it refused the connection. ``connection``: the
connection was lost or never came. ``timeout``: silence for too long. ``stream``: what arrived cannot be a
whole answer. ``empty``: an answer without text or call. ``call``: a call whose arguments are no JSON object.
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

    @property
    def codes(self) -> frozenset[str]:
        """Code and type, in lower case: services differ in which of the two they fill."""
        return frozenset(word.lower() for word in (self.code, self.type) if word)


class TurnBroken(Exception):
    """An attempt to get an answer ended early; whether it is tried again is for the turn to decide."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


# -- from the API's words --------------------------------------------------------------------------

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
    """A failure from the API's error object (``{message, type, param, code}``) or from mere text."""
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


def failure_of_response(response: Mapping[str, Any], *, incomplete: bool) -> Failure:
    """A failure from a response object that ended as failed or incomplete."""
    response_id = _text(response.get("id"))
    if incomplete:
        reason = (response.get("incomplete_details") or {}).get("reason")
        return Failure(
            "incomplete", reason or "Response incomplete", code=_text(reason), response_id=response_id
        )
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
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, TypeError, ValueError):  # absent, or a date: then the message may still say it
            continue
    if found := _TRY_AGAIN.search(message):
        return float(found[1]) * _SECONDS["ms" if found[2].lower() == "ms" else found[2][0].lower()]
    return None


# -- what it means ---------------------------------------------------------------------------------

_BAD_KEY = {
    "invalid_api_key",
    "authentication_error",
    "incorrect_api_key",
    "invalid_authentication",
    "account_deactivated",
}
_NO_QUOTA = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "credit_balance_exhausted",
    "usage_limit_reached",
}
_NO_ACCESS = {
    "permission_error",
    "permission_denied",
    "unsupported_country_region_territory",
    "ip_not_authorized",
    "policy_violation",
}
_TOO_FAST = {"rate_limit_exceeded", "rate_limit_error", "too_many_requests", "tokens", "requests"}
_SERVER = {"server_error", "internal_server_error", "internal_error", "api_error"}
_OVERLOADED = {
    "server_is_overloaded",
    "slow_down",
    "overloaded_error",
    "service_unavailable",
    "engine_overloaded",
}
_TOO_LONG = {"context_length_exceeded", "string_above_max_length"}
_BAD_REQUEST = {
    *_TOO_LONG,
    *(
        "invalid_request_error",
        "invalid_prompt",
        "invalid_value",
        "model_not_found",
        "not_found_error",
        "unsupported_value",
    ),
    *(
        "unsupported_parameter",
        "unknown_parameter",
        "missing_required_parameter",
        "invalid_type",
        "message_too_big",
    ),
}
# The most telling first: a quota error may arrive with status 429, a bad key with type invalid_request_error.
_CATEGORY_OF_CODES: tuple[tuple[set[str], ErrorCategory], ...] = (
    (_BAD_KEY, ErrorCategory.AUTHENTICATION),
    (_NO_QUOTA, ErrorCategory.QUOTA),
    (_NO_ACCESS, ErrorCategory.AUTHORIZATION),
    (_TOO_FAST, ErrorCategory.RATE_LIMIT),
    (_OVERLOADED | _SERVER, ErrorCategory.SERVER),
    (_BAD_REQUEST, ErrorCategory.INVALID_REQUEST),
)
_CONNECTION_LIMIT = "websocket_connection_limit_reached"
_CATEGORY_OF_SOURCE: dict[str, ErrorCategory] = {
    "connection": ErrorCategory.CONNECTIVITY,
    "timeout": ErrorCategory.CONNECTIVITY,
    "stream": ErrorCategory.CONNECTIVITY,
    "incomplete": ErrorCategory.APPLICATION,
    "response": ErrorCategory.SERVER,
    "call": ErrorCategory.SERVER,
    "empty": ErrorCategory.SERVER,
}


def category(failure: Failure) -> ErrorCategory:
    """Pipecat's category of a failure: by the API's code, else by status, else by where it was noticed."""
    if failure.code == _CONNECTION_LIMIT:  # told with status 400, though nothing is wrong with the request
        return ErrorCategory.CONNECTIVITY
    if failure.source != "incomplete":
        for codes, found in _CATEGORY_OF_CODES:
            if failure.codes & codes:
                return found
        if (
            failure.status is not None
            and (by_status := classify_http_status_code(failure.status)) is not ErrorCategory.UNKNOWN
        ):
            return by_status
    return _CATEGORY_OF_SOURCE.get(failure.source, ErrorCategory.UNKNOWN)


def is_permanent(failure: Failure) -> bool:
    """Whether no later turn can succeed until a person acts: bad or unauthorized key, or no quota."""
    if failure.code == "policy_violation":  # a close code that says little; another connection may be let in
        return False
    return category(failure) in (
        ErrorCategory.AUTHENTICATION,
        ErrorCategory.AUTHORIZATION,
        ErrorCategory.QUOTA,
    )


def is_passing(failure: Failure) -> bool:
    """Whether the API itself stumbled, so that the same request may well succeed a moment later."""
    return category(failure) is ErrorCategory.SERVER and failure.source not in ("call", "incomplete")


def is_rate_limit(failure: Failure) -> bool:
    """Whether too much was asked in too short a time."""
    return category(failure) is ErrorCategory.RATE_LIMIT


# -- in words --------------------------------------------------------------------------------------

# The beginnings are those that Pipecat's own services use, so that code which looks for them keeps working.
_BEGINNING: dict[str, str] = {
    "response": "LLM response error: ",
    "incomplete": "LLM response error: ",
    "websocket": "WebSocket API error: ",
    "http": "Responses API error: ",
    "handshake": "Error connecting to WebSocket: ",
    "connection": "Error during inference: ",
    "stream": "Error during inference: ",
    "call": "LLM response error: ",
    "empty": "",
    "timeout": "LLM completion timeout: ",
}


def wording(failure: Failure, *, spoken: bool = False) -> str:
    """The text of the error frame: what happened, with code and request id, and what to do."""
    facts = []
    if failure.code and failure.code != failure.message:
        facts.append(f"code {failure.code}")
    if failure.status:
        facts.append(f"status {failure.status}")
    if failure.request_id and failure.request_id not in failure.message:
        facts.append(f"request {failure.request_id}")
    if failure.response_id and failure.source != "empty":
        facts.append(f"response {failure.response_id}")
    text = f"{_BEGINNING[failure.source]}{failure.message}"
    if facts:
        text += f" ({', '.join(facts)})"
    advice = _advice(failure)
    if spoken and failure.source != "incomplete":
        advice = f"{advice} Part of the answer had been spoken; on_response_interrupted says which.".strip()
    if advice:
        text = f"{text if text.endswith(('.', '!', '?')) else text + '.'} {advice}"
    return text


_ADVICE_BY_CATEGORY: dict[ErrorCategory, str] = {
    ErrorCategory.AUTHENTICATION: "Check the API key (api_key or OPENAI_API_KEY).",
    ErrorCategory.AUTHORIZATION: "Check what this key, organization and project may use.",
    ErrorCategory.QUOTA: "The quota is used up: check plan and billing of the organization.",
    ErrorCategory.RATE_LIMIT: "Too many requests or tokens per minute: slow down or ask for higher limits.",
    ErrorCategory.SERVER: "OpenAI's side failed; the next turn may succeed.",
}


# Without a word of the API's own: a wrong path, a proxy, or a server that is not meant.
_WRONG_DOOR = frozenset({404, 405, 426})


def _advice(failure: Failure) -> str:
    match failure.source:
        case "incomplete" if failure.code == "max_output_tokens":
            return "The answer was cut off: raise max_completion_tokens."
        case "incomplete" if failure.code == "content_filter":
            return "The content filter stopped the answer: rephrase the request or the instructions."
        case "incomplete":
            return ""
        case "connection":
            return "Check the network and the URL; the service goes on trying to connect."
        case "timeout":
            return "The service stays usable; the limits can be set with `timeouts`."
        case "stream":
            return "The answer was dropped so that nothing wrong is said; the next turn starts afresh."
        case "call":
            return "The call was not run; the next turn may ask for it again."
        case "empty":
            return "The model had nothing to say: ask again, or check the instructions."
    if failure.codes & _TOO_LONG:
        return "The context is too long for the model: shorten or summarize it."
    if failure.code == _CONNECTION_LIMIT:
        return "A connection may live for an hour; the next turn has a new one."
    if failure.code == "model_not_found":
        return "Check the model name in the settings."
    if failure.code == "message_too_big":
        return "A WebSocket request may have 16 MiB: send fewer or smaller images, or use the HTTP service."
    if failure.status and not failure.codes and (failure.status < 400 or failure.status in _WRONG_DOOR):
        return "Check the URL (base_url or ws_url): is the Responses API there?"
    if category(failure) is ErrorCategory.INVALID_REQUEST:
        return (
            f"Check {failure.param} in settings or context."
            if failure.param
            else "Check settings and context."
        )
    return _ADVICE_BY_CATEGORY.get(category(failure), "")
