"""A stream that ends in good order, but before the response does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import TERMINAL, Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class MissingTerminal:
    """End the turn without its terminal event: SSE ends cleanly, a WebSocket stays open and silent.

    openai raises nothing when an SSE body ends this way (measured).
    """

    name: ClassVar[str] = "missing_terminal"
    where: ClassVar[Point] = Point(phase="event", event=TERMINAL)

    async def strike(self, context: FaultContext) -> Effect:
        """Stop here."""
        return Effect.STOP
