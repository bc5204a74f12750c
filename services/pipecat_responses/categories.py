"""The category of a failure in Pipecat's terms, and whether trying again may help.

The API's code decides; without one the status; without that where the failure was noticed.
"""

from pipecat.utils.errors import ErrorCategory, classify_http_status_code

from .errors import Failure

__all__ = [
    "CONNECTION_LIMIT",
    "TOO_LONG",
    "category",
    "is_passing",
    "is_permanent",
    "is_rate_limit",
    "is_refused",
    "may_be_a_file",
]

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
TOO_LONG = {"context_length_exceeded", "string_above_max_length"}
_BAD_REQUEST = {
    *TOO_LONG,
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
# The most specific first: a quota error may come with status 429, a bad key with type invalid_request_error.
_CATEGORY_OF_CODES: tuple[tuple[set[str], ErrorCategory], ...] = (
    (_BAD_KEY, ErrorCategory.AUTHENTICATION),
    (_NO_QUOTA, ErrorCategory.QUOTA),
    (_NO_ACCESS, ErrorCategory.AUTHORIZATION),
    (_TOO_FAST, ErrorCategory.RATE_LIMIT),
    (_OVERLOADED | _SERVER, ErrorCategory.SERVER),
    (_BAD_REQUEST, ErrorCategory.INVALID_REQUEST),
)
_NOT_OF_FILES = {"context_length_exceeded", "model_not_found", "unknown_parameter", "unsupported_parameter"}
_MAY_BE_OF_FILES = frozenset({None, 400, 413, 415, 422})
"""Statuses; with another one the request did not get as far as its files."""
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425})
"""Statuses of a request that was not worked on, and may be the next time."""
CONNECTION_LIMIT = "websocket_connection_limit_reached"
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
    """Return Pipecat's category of a failure."""
    if failure.code == CONNECTION_LIMIT:  # sent with status 400, though the request is valid
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
        if failure.status is not None and failure.status >= 300:
            retry = failure.status in _WORTH_ANOTHER_TRY or failure.status >= 500
            return ErrorCategory.SERVER if retry else ErrorCategory.INVALID_REQUEST
    return _CATEGORY_OF_SOURCE.get(failure.source, ErrorCategory.UNKNOWN)


def is_permanent(failure: Failure) -> bool:
    """Whether no turn can succeed until a person acts: bad or unauthorized key, or no quota."""
    if failure.code == "policy_violation":  # the close code 1008; another connection may be accepted
        return False
    return category(failure) in (
        ErrorCategory.AUTHENTICATION,
        ErrorCategory.AUTHORIZATION,
        ErrorCategory.QUOTA,
    )


def is_passing(failure: Failure) -> bool:
    """Whether the API itself failed, so that the same request may succeed a moment later."""
    return category(failure) is ErrorCategory.SERVER and failure.source not in ("call", "incomplete")


def is_refused(failure: Failure) -> bool:
    """Whether the server refused the request itself, perhaps because it does not know a field of it. A
    conversation that is too long does not count.
    """
    refused = (ErrorCategory.INVALID_REQUEST, ErrorCategory.UNKNOWN)
    return category(failure) in refused and not failure.codes & TOO_LONG


def may_be_a_file(failure: Failure) -> bool:
    """Whether the API may have refused the request because of a picture or file in it."""
    return (
        category(failure) is ErrorCategory.INVALID_REQUEST
        and failure.status in _MAY_BE_OF_FILES
        and not failure.codes & _NOT_OF_FILES
        and (failure.param is None or failure.param.startswith("input"))
    )


def is_rate_limit(failure: Failure) -> bool:
    """Whether a rate limit was exceeded."""
    return category(failure) is ErrorCategory.RATE_LIMIT
