"""A create that comes alone on a WebSocket, nothing else being under way there: answered past the queue and
its tasks, if there is nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Callable

from mock_openai.delivery.express import Asked, Express, Ready
from mock_openai.memory import Lanes
from mock_openai.protocol.errors import ApiError
from mock_openai.site import Connection, Site
from mock_openai.transport.messages import as_noted, read_message
from mock_openai.transport.socket_outlet import as_frames
from mock_openai.transport.steering import Steering
from mock_openai.transport.wire import Line


class Alone:
    """The creates of one socket; called with a text message, it says whether that was answered. `idle` tells
    whether nothing else is under way, and the socket open.
    """

    def __init__(
        self,
        site: Site,
        express: Express,
        connection: Connection,
        line: Line,
        lanes: Lanes,
        steering: Steering,
        idle: Callable[[], bool],
    ) -> None:
        self.types: tuple[str, ...] = ()
        """The types of message that the connection takes."""
        self._site = site
        self._express = express
        self._connection = connection
        self._line = line
        self._lanes = lanes
        self._steering = steering
        self._idle = idle

    def __call__(self, data: bytes) -> bool:
        """Answer a create that need not wait for anything; False when it has to go the usual way."""
        if not self._idle() or not self._line.clear:
            return False
        ready = self._express.find(data) or self._prepared(data)
        if ready is None:
            return False
        copy = self._express.answer(ready, self._connection, self._line.write, self._lanes)
        self._steering.ended(copy.response_id, None, True, len(copy))
        return True

    def _prepared(self, data: bytes) -> Ready | None:
        if not self._express.open:
            return None
        body = known = self._site.bodies.find("websocket", data)
        if body is None:
            try:
                kind, body = read_message(data, self.types)
            except ApiError:
                return None
            if kind != "response.create":
                return None
            self._site.bodies.keep("websocket", data, body)
        if self._steering.waits_for(body.get("previous_response_id")):
            return None
        asked = Asked(
            data,
            body,
            len(data),
            transport="websocket",
            shown=as_noted(body),
            status=None,
            writer=lambda _: as_frames,
            again=known is not None,
        )
        return self._express.prepare(asked, self._lanes)
