"""An event arrives whole, but its JSON is broken."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.events import Event


@register("malformed_json", Trigger(phase="event"))
class MalformedJson:
    """Send the event with the second half of its JSON missing, in a well-formed frame, and go on."""

    async def inject(self, context: FaultContext) -> Effect:
        """Send the broken event in place of the good one."""
        event = context.an_event
        # Cut inside a multi-byte character it would be a fault of another kind, so the cut is made in text.
        text = event.data.decode("utf-8", "replace")
        await context.send(Event(event.type, text[: len(text) // 2].encode()))
        return Effect.SKIP_EVENT
