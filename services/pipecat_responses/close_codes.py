"""Refused handshakes and close codes as failures.

Pure: an HTTP status with headers and body, or a close code with its reason, becomes a ``Failure``.
"""

from collections.abc import Mapping

import msgspec

from .categories import is_permanent
from .errors import Failure, failure_of_error

__all__ = ["failure_of_close", "failure_of_refusal", "is_hopeless"]

_TOO_BIG, _POLICY = 1009, 1008
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429})


def failure_of_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the failure of a handshake that was not answered with 101."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    return failure_of_error(
        error or f"the server refused the connection with HTTP status {status}",
        "handshake",
        status=status,
        headers=headers,
    )


def failure_of_close(code: int | None, reason: str) -> Failure:
    """Return the failure of a connection that ended; ``code`` is None if no close frame came."""
    said = (
        f"close code {code}{f', {reason}' if reason else ''}" if code is not None else "no closing handshake"
    )
    if code == _TOO_BIG:
        return Failure(
            "websocket", f"The request was too big for the server ({said})", code="message_too_big"
        )
    if code == _POLICY:
        return Failure(
            "websocket",
            f"The server closed the connection because of a policy violation ({said})",
            code="policy_violation",
        )
    return Failure("connection", f"The connection to the server was lost ({said})")


def is_hopeless(refusal: Failure) -> bool:
    """Whether waiting will not help the turn that needs the connection now."""
    if is_permanent(refusal):
        return True
    status = refusal.status
    return status is not None and 300 <= status < 500 and status not in _WORTH_ANOTHER_TRY
