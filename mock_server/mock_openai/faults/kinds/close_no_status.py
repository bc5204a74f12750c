"""The server closes the socket with an empty close frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class CloseNoStatus:
    """Send a WebSocket close frame without a code (clients report 1005), then close; on HTTP the connection
    just ends.
    """

    name: ClassVar[str] = "close_no_status"
    where: ClassVar[Point] = Point()

    async def strike(self, context: FaultContext) -> Effect:
        """Close."""
        await context.close(None)
        return Effect.STOP
