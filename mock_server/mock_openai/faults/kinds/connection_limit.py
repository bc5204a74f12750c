"""The 60-minute limit, without waiting for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.protocol.errors import connection_limit_reached


@register
@dataclass(frozen=True, slots=True)
class ConnectionLimit:
    """Send the connection-limit error frame (documented) and, unless `close` is false, close with 1001."""

    close: bool = True

    name: ClassVar[str] = "connection_limit"
    where: ClassVar[Point] = Point()

    async def strike(self, context: FaultContext) -> Effect:
        """Send the frame and close."""
        await context.fail(connection_limit_reached())
        if self.close:
            await context.close(1001)
        return Effect.STOP
