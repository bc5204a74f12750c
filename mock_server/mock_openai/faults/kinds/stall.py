"""Nothing arrives any more, although the connection is alive."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Seconds, register


@register("stall")
class Stall:
    """Send nothing for `seconds` (None: forever), then what is late in a burst; pings are answered."""

    seconds: Seconds | None = None

    async def inject(self, context: FaultContext) -> Effect:
        """Wait."""
        await context.pause(self.seconds)
        return Effect.GO_ON
