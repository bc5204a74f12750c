"""An error of the API as a value, and its two forms: an HTTP body and a WebSocket frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INVALID_REQUEST = "invalid_request_error"


class ApiError(Exception):
    """An error that the API answers with, raised before anything streams.

    `status` is the HTTP status, `headers` are extra response headers (HTTP only); `type`, `param` and
    `code` are the fields of the error object, where `param` and `code` may be null but are never absent
    (observed).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = INVALID_REQUEST,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.headers: Mapping[str, str] = dict(headers or {})

    def body(self, *, with_status: bool = False) -> dict[str, Any]:
        """Return the HTTP body, keys in the observed order.

        `with_status` adds the status beside the error, as a refused WebSocket handshake has it (observed).
        """
        body: dict[str, Any] = {
            "error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code},
        }
        return {**body, "status": self.status} if with_status else body

    def frame(self, stream_id: str | None = None) -> dict[str, Any]:
        """Return the WebSocket frame, keys in the documented order; `stream_id` names the lane when one is
        known.
        """
        frame: dict[str, Any] = {"type": "error", "status": self.status}
        if stream_id is not None:
            frame["stream_id"] = stream_id
        frame["error"] = self.nested()
        return frame

    def nested(self) -> dict[str, Any]:
        """Return the error object of a frame or an event. There are no headers for the rate limits, so the
        object contains them (reported).
        """
        headers = {"headers": dict(self.headers)} if self.headers else {}
        return {
            "type": self.type,
            "code": self.code,
            **headers,
            "message": self.message,
            "param": self.param,
        }

    def about(self, model: str) -> ApiError:
        """Return the error worded for a model; most errors read the same for all models."""
        return self

    def __repr__(self) -> str:
        return f"ApiError({self.status}, {self.code!r}, {self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments do not survive the default pickling, and xdist carries exceptions between
        # processes.
        return (_revive, (self.message, self.status, self.type, self.param, self.code, dict(self.headers)))


def _revive(
    message: str, status: int, type: str, param: str | None, code: str | None, headers: dict[str, str]
) -> ApiError:
    return ApiError(message, status=status, type=type, param=param, code=code, headers=headers)
