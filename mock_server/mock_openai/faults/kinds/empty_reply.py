"""The model has nothing to say."""

from __future__ import annotations

from dataclasses import replace

from mock_openai.faults import Effect, FaultContext, Trigger, register


@register("empty_reply", Trigger(phase="request"))
class EmptyReply:
    """Complete the response without any output item."""

    async def inject(self, context: FaultContext) -> Effect:
        """Remove everything from the reply."""
        context.alter(lambda reply: replace(reply, items=()))
        return Effect.GO_ON
