"""Errors of WebSocket mode only: lanes, and the end of a connection's life."""

from __future__ import annotations

from typing import Any

from mock_openai.protocol.errors.base import ApiError


class ConnectionLimitReached(ApiError):
    """The one error frame that has no `param` and puts `status` last (documented)."""

    def frame(self, stream_id: str | None = None) -> dict[str, Any]:
        """Return the WebSocket frame exactly as the guide prints it."""
        frame = super().frame(stream_id)
        status = frame.pop("status")
        del frame["error"]["param"]
        return {**frame, "status": status}


def invalid_stream_id() -> ApiError:
    """Return the error: a lane's name is malformed (documented)."""
    return ApiError(
        "The 'stream_id' field must be a non-empty string with at most 256 characters and may only contain "
        "letters, numbers, underscores, hyphens, and periods.",
        param="stream_id",
        code="invalid_stream_id",
    )


def stream_limit_reached(limit: int = 32) -> ApiError:
    """Return the error: a connection has used up its lane names (documented)."""
    return ApiError(
        f"This WebSocket connection has reached its maximum number of distinct stream IDs ({limit}). "
        "Reuse an existing stream_id or open a new WebSocket connection.",
        param="stream_id",
        code="websocket_stream_limit_reached",
    )


def connection_limit_reached(lifetime: float = 3600.0) -> ApiError:
    """Return the error: a connection has reached its lifetime, in seconds (documented). For a lifetime that
    is not a whole number of minutes, the message says 60, the limit of the real API.
    """
    minutes = round(lifetime / 60)
    if not minutes or minutes * 60 != lifetime:
        minutes = 60
    return ConnectionLimitReached(
        f"Responses websocket connection limit reached ({minutes} minutes). "
        "Create a new websocket connection to continue.",
        code="websocket_connection_limit_reached",
    )
