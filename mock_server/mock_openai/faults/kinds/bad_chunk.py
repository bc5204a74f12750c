"""A proxy corrupts the chunked encoding of a stream."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.errors import ApiError


@register("bad_chunk", Trigger(phase="event"))
class BadChunk:
    """Send the event in a chunk whose size line is `size`, which is not a hexadecimal number, and go on.

    HTTP only: a WebSocket has no chunks (use `bad_frame`), so its client gets an error that says so.
    """

    size: str = "ZZ"

    def __post_init__(self) -> None:
        if isinstance(self.size, str) and (not self.size.isascii() or _is_size(self.size)):
            raise ValueError(
                f"bad_chunk needs a size line that is not a hexadecimal number, not {self.size!r}"
            )

    async def inject(self, context: FaultContext) -> Effect:
        """Send the chunk in place of the event."""
        if context.transport == "websocket":
            await context.fail(
                ApiError("bad_chunk works only over HTTP; on a WebSocket use bad_frame.", status=500)
            )
            return Effect.STOP
        event = context.encode(context.event) if context.event is not None else b""
        await context.below(b"%b\r\n%b\r\n" % (self.size.encode(), event))
        return Effect.SKIP_EVENT


def _is_size(text: str) -> bool:
    return text != "" and all(character in "0123456789abcdefABCDEF" for character in text)
