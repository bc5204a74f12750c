"""The server closes the socket with an empty close frame."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, register


@register("close_no_status")
class CloseNoStatus:
    """Send a WebSocket close frame without a code (clients report 1005), then close; on HTTP the connection
    just ends.
    """

    async def inject(self, context: FaultContext) -> Effect:
        """Close."""
        await context.close(None)
        return Effect.STOP
