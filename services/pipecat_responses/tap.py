"""Access to a service's traffic for a listener: messages sent and received, and the end of connections.

``ResponsesService.watch_wire`` sets the listener. Without one, each message costs one attribute look-up.
"""

from collections.abc import Callable
from typing import Literal

from loguru import logger

__all__ = ["Tap", "WireKind", "WireListener"]

WireKind = Literal["open", "sent", "received", "status", "closed"]

WireListener = Callable[[WireKind, int, bytes], None]
"""Called with the kind, the number of the connection or HTTP request (from 1), and the bytes.

``open``: the transport, ``websocket`` or ``http``. ``sent``: the body of a request, or a WebSocket message.
``received``: the JSON of an event. ``status``: the status code of a refusal, a space, and its body.
``closed``: why the connection or response ended, in words; empty if an HTTP response ended normally.
Headers, and therefore keys, are never included.
"""


class Tap:
    """The traffic of one service, for a listener."""

    def __init__(self) -> None:
        self.listener: WireListener | None = None
        self._count = 0

    def opened(self, transport: str) -> int:
        """Note an opened connection; return its number."""
        self._count += 1
        self.show("open", self._count, transport.encode())
        return self._count

    def show(self, kind: WireKind, number: int, data: bytes) -> None:
        """Call the listener with one event. A listener that raises is not called again."""
        if self.listener is None:
            return
        try:
            self.listener(kind, number, data)
        except Exception as error:
            self.listener = None
            logger.warning(
                f"The traffic listener raised an exception and will not be called again: {error!r}"
            )
