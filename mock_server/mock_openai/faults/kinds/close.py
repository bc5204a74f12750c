"""The server closes the socket in good order, with a code and a reason."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, register
from mock_openai.faults.parameters import CloseCode

_MAX_REASON = 123  # bytes; what RFC 6455 leaves beside the code in a control frame


@register("close")
class Close:
    """Send a WebSocket close frame with a code and a reason, then close; on HTTP the connection just ends.

    Codes that matter: 1000 and 1001 count as a clean end for most clients, 1011 and 1012 as an error.
    """

    code: CloseCode = 1011
    reason: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.reason, str) and len(self.reason.encode()) > _MAX_REASON:
            raise ValueError(f"a close reason is text of at most {_MAX_REASON} bytes")

    async def inject(self, context: FaultContext) -> Effect:
        """Close."""
        await context.close(self.code, self.reason)
        return Effect.STOP
