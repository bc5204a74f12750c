"""The model stops before it is done."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.faults.trigger import TERMINAL


@register("incomplete", Trigger(phase="event", event=TERMINAL))
class Incomplete:
    """End the response early and in good order: open items are closed, then `response.incomplete` with this
    reason.

    Reasons of the API: max_output_tokens, content_filter, max_messages, steered.
    """

    reason: str = "max_output_tokens"

    async def inject(self, context: FaultContext) -> Effect:
        """End the response."""
        await context.cut_short(self.reason)
        return Effect.STOP
