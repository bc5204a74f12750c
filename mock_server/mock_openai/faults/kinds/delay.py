"""The model takes longer than usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.parameters import Seconds
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Delay:
    """Let this event and the rest of the turn leave `seconds` later, at their own rhythm (`stall` ends in a
    burst).
    """

    seconds: Seconds

    name: ClassVar[str] = "delay"
    where: ClassVar[Point] = Point()

    async def strike(self, context: FaultContext) -> Effect:
        """Wait, and move the rest."""
        context.shift(self.seconds)
        await context.pause(self.seconds)
        return Effect.GO_ON
