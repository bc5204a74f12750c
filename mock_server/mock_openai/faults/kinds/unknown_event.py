"""The API sends an event that the client does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.events import Event


@register("unknown_event", Trigger(phase="event"))
class UnknownEvent:
    """Send an extra event of a type nobody knows, with any fields, and go on."""

    type: str = "response.unheard_of"
    fields: Mapping[str, Any] | None = None

    async def inject(self, context: FaultContext) -> Effect:
        """Send it; the event that triggered it follows."""
        await context.send(Event(self.type, msgspec.json.encode({"type": self.type, **(self.fields or {})})))
        return Effect.GO_ON
