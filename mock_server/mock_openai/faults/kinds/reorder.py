"""An event is overtaken by those behind it."""

from __future__ import annotations

from mock_openai.faults import Count, Effect, FaultContext, Trigger, register


@register("reorder", Trigger(phase="event"))
class Reorder:
    """Let the event leave only after `by` later events of its turn, each with the sequence number it had.

    At the end of a turn it leaves behind the terminal event. A plain JSON answer has no order to lose.
    """

    by: Count = 1

    async def inject(self, context: FaultContext) -> Effect:
        """Hold the event back."""
        context.hold_back(self.by)
        return Effect.SKIP_EVENT
