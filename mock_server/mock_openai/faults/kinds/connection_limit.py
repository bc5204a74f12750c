"""The 60-minute limit, without waiting for it."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, register
from mock_openai.protocol.errors import connection_limit_reached


@register("connection_limit")
class ConnectionLimit:
    """Send the connection-limit error frame (documented) and, unless `close` is false, close with 1001."""

    close: bool = True

    async def inject(self, context: FaultContext) -> Effect:
        """Send the frame and close."""
        await context.fail(connection_limit_reached())
        if self.close:
            await context.close(1001)
        return Effect.STOP
