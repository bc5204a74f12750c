"""The model stops before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import TERMINAL, Point
from mock_openai.faults.registry import register


@register
@dataclass(frozen=True, slots=True)
class Incomplete:
    """End the response early and in good order: open items are closed, then `response.incomplete` with this
    reason.

    Reasons of the API: max_output_tokens, content_filter, max_messages, steered.
    """

    reason: str = "max_output_tokens"

    name: ClassVar[str] = "incomplete"
    where: ClassVar[Point] = Point(phase="event", event=TERMINAL)

    async def strike(self, context: FaultContext) -> Effect:
        """End the response."""
        await context.cut_short(self.reason)
        return Effect.STOP
