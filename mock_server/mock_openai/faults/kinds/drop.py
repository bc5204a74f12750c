"""An event is missing from an otherwise whole stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Drop:
    """Leave the event out; only the gap in the sequence numbers shows it."""

    name: ClassVar[str] = "drop"
    where: ClassVar[Point] = Point(phase="event")

    async def strike(self, context: FaultContext) -> Effect:
        """Leave it out."""
        return Effect.SKIP_EVENT
