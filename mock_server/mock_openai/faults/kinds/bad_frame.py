"""A WebSocket frame that breaks the rules of RFC 6455."""

from __future__ import annotations

import struct
from typing import Literal

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.errors import ApiError

Flaw = Literal["reserved_bits", "opcode", "mask", "oversize"]


@register("bad_frame", Trigger(phase="event"))
class BadFrame:
    """Send the event in a frame with a `flaw`, and go on.

    `reserved_bits`: one of the three bits that no extension was agreed for. `opcode`: 5, which means nothing.
    `mask`: masked, as only clients may (aiohttp takes it all the same, measured). `oversize`: a header that
    announces 2 GiB.

    WebSocket only: HTTP has no frames (use `bad_chunk`), so its client gets an error that says so.
    """

    flaw: Flaw = "reserved_bits"

    async def inject(self, context: FaultContext) -> Effect:
        """Send the frame in place of the event."""
        if context.transport == "http":
            await context.fail(
                ApiError("bad_frame works only on WebSockets; over HTTP use bad_chunk.", status=500)
            )
            return Effect.STOP
        await context.below(_spoilt(context.an_event.data, self.flaw))
        return Effect.SKIP_EVENT


_LAST_FRAGMENT = 0x80
_RESERVED = 0x40
_TEXT, _MEANINGLESS = 0x1, 0x5
_MASKED = 0x80
_TWO_GIB = 1 << 31


def _spoilt(payload: bytes, flaw: Flaw) -> bytes:
    first = _LAST_FRAGMENT | (_MEANINGLESS if flaw == "opcode" else _TEXT)
    if flaw == "reserved_bits":
        first |= _RESERVED
    size = _TWO_GIB if flaw == "oversize" else len(payload)
    masked = _MASKED if flaw == "mask" else 0
    if size < 126:
        head = struct.pack("!BB", first, masked | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    return head + (b"\0\0\0\0" if masked else b"") + payload
