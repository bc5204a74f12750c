"""An event arrives whole, but its JSON is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.protocol.events import Event


@register
@dataclass(frozen=True, slots=True)
class MalformedJson:
    """Send the event with the second half of its JSON missing, in a well-formed frame, and go on."""

    name: ClassVar[str] = "malformed_json"
    where: ClassVar[Point] = Point(phase="event")

    async def strike(self, context: FaultContext) -> Effect:
        """Send the broken event in place of the good one."""
        event = context.event or Event("response.created", b'{"type":"response.created"}')
        # Cut inside a multi-byte character it would be a fault of another kind, so the cut is made in text.
        text = event.data.decode("utf-8", "replace")
        await context.send(Event(event.type, text[: len(text) // 2].encode()))
        return Effect.SKIP_EVENT
