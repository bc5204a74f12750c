"""An event arrives with bytes that are not UTF-8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.protocol.events import Event


@register
@dataclass(frozen=True, slots=True)
class InvalidUtf8:
    """Send the event with bytes in it that are not UTF-8, and go on; WebSocket clients close with 1007."""

    name: ClassVar[str] = "invalid_utf8"
    where: ClassVar[Point] = Point(phase="event")

    async def strike(self, context: FaultContext) -> Effect:
        """Send the broken event in place of the good one."""
        event = context.event or Event("response.created", b'{"type":"response.created"}')
        middle = len(event.data) // 2
        await context.send(Event(event.type, event.data[:middle] + b"\xff\xfe" + event.data[middle:]))
        return Effect.SKIP_EVENT
