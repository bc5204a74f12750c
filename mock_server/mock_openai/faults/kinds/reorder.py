"""An event is overtaken by those behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.parameters import Count
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Reorder:
    """Let the event leave only after `by` later events of its turn, each with the sequence number it had.

    At the end of a turn it leaves behind the terminal event. A plain JSON answer has no order to lose.
    """

    by: Count = 1

    name: ClassVar[str] = "reorder"
    where: ClassVar[Point] = Point(phase="event")

    async def strike(self, context: FaultContext) -> Effect:
        """Hold the event back."""
        context.hold_back(self.by)
        return Effect.SKIP_EVENT
