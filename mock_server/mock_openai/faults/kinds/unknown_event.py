"""The API sends an event that the client does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.protocol.events import Event


@register
@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Send an extra event of a type nobody knows, with any fields, and go on."""

    type: str = "response.unheard_of"
    fields: Mapping[str, Any] | None = None

    name: ClassVar[str] = "unknown_event"
    where: ClassVar[Point] = Point(phase="event")

    async def strike(self, context: FaultContext) -> Effect:
        """Send it; the event at the point follows."""
        await context.send(Event(self.type, msgspec.json.encode({"type": self.type, **(self.fields or {})})))
        return Effect.GO_ON
