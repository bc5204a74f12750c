"""The connection is torn down with a TCP reset, as when a load balancer or a kernel loses it."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, register


@register("reset")
class Reset:
    """Break the connection with a TCP reset (RST).

    Clients see ECONNRESET: httpx2 ReadError, openai APIConnectionError, websockets ConnectionClosedError
    (measured).
    """

    async def inject(self, context: FaultContext) -> Effect:
        """Reset, once the client has read what was sent before."""
        await context.reset()
        return Effect.STOP
