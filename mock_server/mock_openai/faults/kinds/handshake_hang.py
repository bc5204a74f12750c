"""The upgrade is never answered."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register


@register("handshake_hang", Trigger(phase="handshake"))
class HandshakeHang:
    """Accept the connection and never answer the handshake; only the client's own open timeout ends it."""

    async def inject(self, context: FaultContext) -> Effect:
        """Wait until the client gives up."""
        await context.pause(None)
        return Effect.STOP
