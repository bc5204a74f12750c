"""The connection ends without a close frame, as when a server process is killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Fin:
    """End the TCP connection (FIN) in mid-conversation: no close frame, no last chunk.

    Clients see an incomplete body or an abnormal close (1006).
    """

    name: ClassVar[str] = "fin"
    where: ClassVar[Point] = Point()

    async def strike(self, context: FaultContext) -> Effect:
        """End the connection, once the client has read what was sent before."""
        await context.fin()
        return Effect.STOP
