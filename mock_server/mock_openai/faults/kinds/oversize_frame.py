"""An event larger than a client may be ready for."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.faults.parameters import FrameSize
from mock_openai.protocol.events import Event


@register("oversize_frame", Trigger(phase="event"))
class OversizeFrame:
    """Enlarge the event to `size` bytes with blanks inside its JSON, and go on; its meaning stays the same.

    The default is above the 1 MiB and 4 MiB at which websockets and aiohttp clients close with 1009 unless
    told otherwise.
    """

    size: FrameSize = 5 * 1024 * 1024

    async def inject(self, context: FaultContext) -> Effect:
        """Send the big event in place of the small one."""
        event = context.an_event
        blanks = b" " * max(0, self.size - len(event.data))
        await context.send(Event(event.type, event.data[:-1] + blanks + event.data[-1:]))
        return Effect.SKIP_EVENT
