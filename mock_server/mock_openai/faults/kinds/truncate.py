"""The connection ends in the middle of an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.parameters import Share
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.protocol.events import Event


@register
@dataclass(frozen=True, slots=True)
class Truncate:
    """Send the first part of an event, `share` of its bytes, then end the connection.

    A client must not act on the half; openai's SSE reader drops it silently when the body ends well
    (measured).
    """

    share: Share = 0.5

    name: ClassVar[str] = "truncate"
    where: ClassVar[Point] = Point(phase="event")

    async def strike(self, context: FaultContext) -> Effect:
        """Send the part and end."""
        event = context.event or Event("response.created", b'{"type":"response.created"}')
        whole = context.encode(event)
        await context.raw(whole[: max(1, int(len(whole) * self.share))])
        await context.fin()
        return Effect.STOP
