"""The model has nothing to say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class EmptyReply:
    """Complete the response without any output item."""

    name: ClassVar[str] = "empty_reply"
    where: ClassVar[Point] = Point(phase="request")

    async def strike(self, context: FaultContext) -> Effect:
        """Remove everything from the reply."""
        context.alter(lambda reply: replace(reply, items=()))
        return Effect.GO_ON
