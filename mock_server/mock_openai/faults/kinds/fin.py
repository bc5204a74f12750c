"""The connection ends without a close frame, as when a server process is killed."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, register


@register("fin")
class Fin:
    """End the TCP connection (FIN) in mid-conversation: no close frame, no last chunk.

    Clients see an incomplete body or an abnormal close (1006).
    """

    async def inject(self, context: FaultContext) -> Effect:
        """End the connection, once the client has read what was sent before."""
        await context.fin()
        return Effect.STOP
