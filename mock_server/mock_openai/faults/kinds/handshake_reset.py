"""The connection breaks while the upgrade is being answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class HandshakeReset:
    """Reset the connection instead of answering the handshake."""

    name: ClassVar[str] = "handshake_reset"
    where: ClassVar[Point] = Point(phase="handshake")

    async def strike(self, context: FaultContext) -> Effect:
        """Reset."""
        await context.reset()
        return Effect.STOP
