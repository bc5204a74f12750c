"""The upgrade is answered with a status instead of 101."""

from __future__ import annotations

import json

from mock_openai.faults import Effect, FaultContext, Seconds, Trigger, register
from mock_openai.faults.parameters import Refusal
from mock_openai.protocol.errors import by_code


@register("handshake_status", Trigger(phase="handshake"))
class HandshakeStatus:
    """Answer the handshake with an HTTP error; `retry_after` in seconds becomes a header, `code` the error's
    code.

    On HTTP it answers the connection's first request. 401, 403, 426, 429, 500 and 503 were reported on
    upgrades.
    """

    status: Refusal = 503
    retry_after: Seconds | None = None
    code: str | None = None
    message: str | None = None

    async def inject(self, context: FaultContext) -> Effect:
        """Answer with the status."""
        error = by_code(self.code, status=self.status, message=self.message or _WORDING.get(self.status))
        headers = {"content-type": "application/json", **error.headers}
        if self.retry_after is not None:
            headers["retry-after"] = f"{self.retry_after:g}"
        await context.status(self.status, headers, json.dumps(error.body(), indent=2).encode())
        return Effect.STOP


_WORDING = {
    401: "Incorrect API key provided.",
    403: "You are not allowed to open a connection.",
    426: "This endpoint does not accept WebSocket connections now.",
    429: "Too many connections. Please try again later.",
    500: "The server had an error while processing your request.",
    503: "Our servers are currently overloaded. Please try again later.",
}
