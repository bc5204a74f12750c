"""Nobody listens: the server is being restarted, or is gone."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Seconds, Trigger, register


@register("refuse", Trigger(phase="handshake"))
class Refuse:
    """Reset the connection, and refuse every new one for `seconds` (clients see ECONNREFUSED)."""

    seconds: Seconds = 0.0

    async def inject(self, context: FaultContext) -> Effect:
        """Stop listening first, so that not even the quickest reconnect slips in."""
        if self.seconds:
            context.refuse(self.seconds)
        await context.reset()
        return Effect.STOP
