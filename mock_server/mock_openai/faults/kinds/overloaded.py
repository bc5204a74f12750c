"""There is no capacity left."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.errors import server_overloaded


@register("overloaded", Trigger(phase="request"))
class Overloaded:
    """Answer 503 `server_is_overloaded`; at an event it is `error`, `response.failed`."""

    async def inject(self, context: FaultContext) -> Effect:
        """Fail the turn."""
        await context.fail(server_overloaded())
        return Effect.STOP
