"""The model stops before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.point import TERMINAL, Point
from mock_openai.faults.registry import register
from mock_openai.faults.wire import Verdict, Wire


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

    async def strike(self, wire: Wire) -> Verdict:
        """End the response."""
        await wire.cut_short(self.reason)
        return Verdict.STOP
