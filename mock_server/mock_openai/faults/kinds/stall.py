"""Nothing arrives any more, although the connection is alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.parameters import Seconds
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing for `seconds` (None: for ever), then what is late in a burst; pings are answered."""

    seconds: Seconds | None = None

    name: ClassVar[str] = "stall"
    where: ClassVar[Point] = Point()

    async def strike(self, context: FaultContext) -> Effect:
        """Wait."""
        await context.pause(self.seconds)
        return Effect.GO_ON
