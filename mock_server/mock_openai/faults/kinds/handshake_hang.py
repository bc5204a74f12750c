"""The upgrade is never answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class HandshakeHang:
    """Accept the connection and never answer the handshake; only the client's own open timeout ends it."""

    name: ClassVar[str] = "handshake_hang"
    where: ClassVar[Point] = Point(phase="handshake")

    async def strike(self, context: FaultContext) -> Effect:
        """Wait until the client gives up."""
        await context.pause(None)
        return Effect.STOP
