"""An event arrives with bytes that are not UTF-8."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.events import Event


@register("invalid_utf8", Trigger(phase="event"))
class InvalidUtf8:
    """Send the event with bytes in it that are not UTF-8, and go on; WebSocket clients close with 1007."""

    async def inject(self, context: FaultContext) -> Effect:
        """Send the broken event in place of the good one."""
        event = context.an_event
        middle = len(event.data) // 2
        await context.send(Event(event.type, event.data[:middle] + b"\xff\xfe" + event.data[middle:]))
        return Effect.SKIP_EVENT
