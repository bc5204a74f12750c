"""The connection is torn down with a TCP reset, as when a load balancer or a kernel loses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection with a TCP reset (RST).

    Clients see ECONNRESET: httpx2 ReadError, openai APIConnectionError, websockets ConnectionClosedError
    (measured).
    """

    name: ClassVar[str] = "reset"
    where: ClassVar[Point] = Point()

    async def strike(self, context: FaultContext) -> Effect:
        """Reset, once the client has read what was sent before."""
        await context.reset()
        return Effect.STOP
