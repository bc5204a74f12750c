"""A stream that ends in good order, but before the response does."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.faults.trigger import TERMINAL


@register("missing_terminal", Trigger(phase="event", event=TERMINAL))
class MissingTerminal:
    """End the turn without its terminal event: SSE ends cleanly, a WebSocket stays open and silent.

    openai raises nothing when an SSE body ends this way (measured).
    """

    async def inject(self, context: FaultContext) -> Effect:
        """Stop here."""
        return Effect.STOP
