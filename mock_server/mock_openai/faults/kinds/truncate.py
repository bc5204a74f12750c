"""The connection ends in the middle of an event."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.faults.parameters import Share


@register("truncate", Trigger(phase="event"))
class Truncate:
    """Send the first part of an event, `share` of its bytes, then end the connection.

    A client must not act on the half; openai's SSE reader drops it silently when the body ends well
    (measured).
    """

    share: Share = 0.5

    async def inject(self, context: FaultContext) -> Effect:
        """Send the part and end."""
        event = context.an_event
        whole = context.encode(event)
        await context.raw(whole[: max(1, int(len(whole) * self.share))])
        await context.fin()
        return Effect.STOP
