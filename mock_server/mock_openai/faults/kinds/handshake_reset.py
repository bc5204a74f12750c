"""The connection breaks while the upgrade is being answered."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register


@register("handshake_reset", Trigger(phase="handshake"))
class HandshakeReset:
    """Reset the connection instead of answering the handshake."""

    async def inject(self, context: FaultContext) -> Effect:
        """Reset."""
        await context.reset()
        return Effect.STOP
