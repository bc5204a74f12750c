"""Showing the wire to whoever asks: what was sent, what arrived, and how a connection ended.

``ResponsesService.watch_wire`` sets the listener. Without one, an exchange costs one look-up of an attribute
for each message.
"""

from collections.abc import Callable
from typing import Literal

from loguru import logger

__all__ = ["Tap", "WireKind", "WireListener"]

WireKind = Literal["open", "sent", "received", "status", "closed"]

WireListener = Callable[[WireKind, int, bytes], None]
"""Called with the kind, the number of the connection or HTTP request (from 1), and the bytes.

``open``: the transport, ``websocket`` or ``http``. ``sent``: the body of a request, or a WebSocket message.
``received``: the JSON of an event. ``status``: the status code of a refusal, a blank, and its body.
``closed``: why the connection or response ended, in words; nothing when an HTTP response ended by itself.
Headers, and so keys, are never shown.
"""


class Tap:
    """Where one service shows its wire."""

    def __init__(self) -> None:
        self.listener: WireListener | None = None
        self._count = 0

    def opened(self, transport: str) -> int:
        """A connection was opened; return its number."""
        self._count += 1
        self.show("open", self._count, transport.encode())
        return self._count

    def show(self, kind: WireKind, number: int, data: bytes) -> None:
        """Show one thing that happened. A listener that raises is not called again."""
        if self.listener is None:
            return
        try:
            self.listener(kind, number, data)
        except Exception as error:
            self.listener = None
            logger.warning(f"The listener to the wire raised and is not called again: {error!r}")
