"""An event arrives more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.parameters import Count
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Duplicate:
    """Send the event `extra` more times, each with the same sequence number."""

    extra: Count = 1

    name: ClassVar[str] = "duplicate"
    where: ClassVar[Point] = Point(phase="event")

    async def strike(self, context: FaultContext) -> Effect:
        """Send the copies; the event itself follows."""
        for _ in range(self.extra if context.event else 0):
            assert context.event is not None
            await context.send(context.event)
        return Effect.GO_ON
