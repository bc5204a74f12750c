"""The undocumented event of long silences."""

from __future__ import annotations

import msgspec

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.events import Event


@register("keepalive", Trigger(phase="event"))
class Keepalive:
    """Send the undocumented `keepalive` event that the API was reported to send on long silences, and go on.

    It takes the sequence number that is due, and the events behind it move up by one (reported); strict
    clients were reported to break on its type.
    """

    async def inject(self, context: FaultContext) -> Effect:
        """Send it; the event that triggered it follows."""
        keepalive = {"type": "keepalive", "sequence_number": context.next_number}
        await context.send(Event("keepalive", msgspec.json.encode(keepalive)))
        return Effect.GO_ON
