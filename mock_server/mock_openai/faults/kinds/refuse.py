"""Nobody listens: the server is being restarted, or is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.parameters import Seconds
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Refuse:
    """Reset the connection, and refuse every new one for `seconds` (clients see ECONNREFUSED)."""

    seconds: Seconds = 0.0

    name: ClassVar[str] = "refuse"
    where: ClassVar[Point] = Point(phase="handshake")

    async def strike(self, context: FaultContext) -> Effect:
        """Stop listening first, so that not even the quickest reconnect slips in."""
        if self.seconds:
            context.refuse(self.seconds)
        await context.reset()
        return Effect.STOP
