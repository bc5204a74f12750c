"""An event is missing from an otherwise whole stream."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register


@register("drop", Trigger(phase="event"))
class Drop:
    """Leave the event out; only the gap in the sequence numbers shows it."""

    async def inject(self, context: FaultContext) -> Effect:
        """Leave it out."""
        return Effect.SKIP_EVENT
