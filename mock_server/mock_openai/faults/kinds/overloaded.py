"""There is no capacity left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.protocol.errors import server_overloaded


@register
@dataclass(frozen=True, slots=True)
class Overloaded:
    """Answer 503 `server_is_overloaded`; at an event it is `error`, `response.failed`."""

    name: ClassVar[str] = "overloaded"
    where: ClassVar[Point] = Point(phase="request")

    async def strike(self, context: FaultContext) -> Effect:
        """Fail the turn."""
        await context.fail(server_overloaded())
        return Effect.STOP
