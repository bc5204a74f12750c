"""The other side is gone and nobody noticed: a cable pulled, a NAT entry expired."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, register


@register("half_open")
class HalfOpen:
    """Go silent for good: nothing is read, nothing written, pings stay unanswered, and the socket stays open.

    Only a client's own ping or read timeout notices.
    """

    async def inject(self, context: FaultContext) -> Effect:
        """Go silent."""
        await context.half_open()
        return Effect.STOP
