"""What one connection does with bytes that may be answered at once, whatever its transport: `alike` is for
HTTP, `alone` for WebSockets. What to do without waiting is known to `delivery.express`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mock_openai.delivery.express import Express, Ready
from mock_openai.memory import Lanes
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.stencil import Copy
from mock_openai.site import Connection, Site
from mock_openai.transport.tcp import Line


class AtOnce:
    """One connection; called with what arrives, it says whether that was answered. `idle` tells whether
    nothing else is there or under way.
    """

    def __init__(
        self,
        site: Site,
        express: Express,
        connection: Connection,
        line: Line,
        idle: Callable[[], bool],
        lanes: Lanes | None = None,
    ) -> None:
        self._site = site
        self._express = express
        self._connection = connection
        self._line = line
        self._idle = idle
        self._lanes = lanes

    def __call__(self, data: bytes) -> bool:
        """Answer a create that need not wait for anything; False when it has to go the usual way."""
        if not self._idle() or not self._line.clear:
            return False
        ready = self._express.find(data)
        if ready is None and self._express.open:
            ready = self._prepared(data)
        if ready is None:
            return False
        self._answered(self._express.answer(ready, self._connection, self._line.write, self._lanes))
        return True

    def _prepared(self, data: bytes) -> Ready | None:
        """Make the answer to bytes that are not known; None when that cannot be done without waiting."""
        raise NotImplementedError

    def _answered(self, copy: Copy) -> None:
        """Write down what only this transport knows of."""
        raise NotImplementedError

    def _body(
        self, form: str, data: bytes, read: Callable[[bytes], Mapping[str, Any] | None]
    ) -> tuple[dict[str, Any], bool] | None:
        """Give what bytes mean, and whether the same came before; None when `read` cannot make a create of
        them.
        """
        known = self._site.bodies.find(form, data)
        if known is not None:
            return known, True
        try:
            body = read(data)
        except ApiError:
            return None
        if not isinstance(body, dict):
            return None
        self._site.bodies.keep(form, data, body)
        return body, False
