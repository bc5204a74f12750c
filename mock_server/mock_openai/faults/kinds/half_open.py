"""The other side is gone and nobody noticed: a cable pulled, a NAT entry expired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class HalfOpen:
    """Go silent for good: nothing is read, nothing written, pings stay unanswered, and the socket stays open.

    Only a client's own ping or read timeout notices.
    """

    name: ClassVar[str] = "half_open"
    where: ClassVar[Point] = Point()

    async def strike(self, context: FaultContext) -> Effect:
        """Go silent."""
        await context.half_open()
        return Effect.STOP
