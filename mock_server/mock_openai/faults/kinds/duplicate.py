"""An event arrives more than once."""

from __future__ import annotations

from mock_openai.faults import Count, Effect, FaultContext, Trigger, register


@register("duplicate", Trigger(phase="event"))
class Duplicate:
    """Send the event `extra` more times, each with the same sequence number."""

    extra: Count = 1

    async def inject(self, context: FaultContext) -> Effect:
        """Send the copies; the event itself follows."""
        for _ in range(self.extra if context.event else 0):
            assert context.event is not None
            await context.send(context.event)
        return Effect.GO_ON
