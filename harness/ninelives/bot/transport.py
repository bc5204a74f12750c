"""The transport of a hosted bot: a caller connects and hangs up, and its handlers are called as by Pipecat's
own.

`SilentTransport` is the one without sound: what would be heard or spoken passes through, in the task that
pushed it. The transport with sound is the line of `ninelives.voice`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import Frame, InputTransportMessageFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from ninelives.bot.listener import RTVI

CLIENT = "caller"
"""The client, or participant id, for a bot's handlers."""

_CONNECTED = ("on_client_connected", "on_first_participant_joined", "on_participant_joined")
_DISCONNECTED = ("on_client_disconnected", "on_participant_left")


class HostedTransport(BaseTransport):
    """A transport with a caller at the other end. Handlers may be added for any event of any transport."""

    def __init__(self) -> None:
        super().__init__()
        self._carriers: list[BaseTransport] = [self]

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Add a handler for any event."""
        if event_name not in self._event_handlers:
            self._register_event_handler(event_name)
        super().add_event_handler(event_name, handler)

    def stand_in_for(self, processor: FrameProcessor) -> None:
        """Replace a bot's own transport too: its handlers are called for our caller."""
        self.adopt(getattr(processor, "_params", None))
        transport = getattr(processor, "_transport", None)
        if isinstance(transport, BaseTransport) and transport not in self._carriers:
            self._carriers.append(transport)

    def adopt(self, params: Any) -> None:
        """Take over the settings of a bot's own transport. This base class takes none."""

    async def connect(self) -> None:
        """Call the handlers for a caller who has connected."""
        for transport in self._carriers:
            if (event := _handled(transport, _CONNECTED)) is not None:
                client: Any = CLIENT if event == _CONNECTED[0] else {"id": CLIENT}
                await transport._call_event_handler(event, client)

    async def disconnect(self) -> None:
        """Call the handlers for a caller who has hung up."""
        for transport in self._carriers:
            event = _handled(transport, _DISCONNECTED)
            if event == _DISCONNECTED[0]:
                await transport._call_event_handler(event, CLIENT)
            elif event is not None:
                await transport._call_event_handler(event, {"id": CLIENT}, "leftCall")


def _handled(transport: BaseTransport, events: tuple[str, ...]) -> str | None:
    """Return the first of these events that has a handler."""
    known = transport._event_handlers
    return next((event for event in events if event in known and known[event].handlers), None)


def client_ready() -> InputTransportMessageFrame:
    """Return the message of an RTVI client that is ready to hear the bot."""
    message = {
        "label": RTVI,
        "type": "client-ready",
        "id": CLIENT,
        "data": {"version": "1.0.0", "about": {"library": "ninelives"}},
    }
    return InputTransportMessageFrame(message=message)


class Silent(FrameProcessor):
    """Stands where a bot without sound would hear or speak, and forwards everything at once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(enable_direct_mode=True, **options)
        self.arrives: Callable[[Frame], None] = lambda frame: None
        """Called with each frame on its way down."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Forward the frame."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            self.arrives(frame)
        await self.push_frame(frame, direction)


class SilentTransport(HostedTransport):
    """A transport without sound."""

    def __init__(self) -> None:
        super().__init__()
        self._ends = Silent(name=f"{self.name}::Input"), Silent(name=f"{self.name}::Output")

    def input(self) -> FrameProcessor:
        """Return the processor where a caller would be heard."""
        return self._ends[0]

    def output(self) -> FrameProcessor:
        """Return the processor that would play to the caller."""
        return self._ends[1]
