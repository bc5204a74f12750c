"""The model takes longer than usual."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Seconds, register


@register("delay")
class Delay:
    """Let this event and the rest of the turn leave `seconds` later, at their own rhythm (`stall` ends in a
    burst).
    """

    seconds: Seconds

    async def inject(self, context: FaultContext) -> Effect:
        """Wait, and move the rest."""
        context.shift(self.seconds)
        await context.pause(self.seconds)
        return Effect.GO_ON
