"""A create that comes alone on a WebSocket, nothing else being under way there: answered past the queue and
its tasks, if there is nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mock_openai.delivery.express import Asked, Express, Ready
from mock_openai.memory import Lanes
from mock_openai.protocol.stencil import Copy
from mock_openai.site import Connection, Site
from mock_openai.transport.at_once import AtOnce
from mock_openai.transport.messages import as_noted, read_message
from mock_openai.transport.socket_outlet import as_frames
from mock_openai.transport.steering import Steering
from mock_openai.transport.tcp import Line


class Alone(AtOnce):
    """The creates of one socket."""

    def __init__(
        self,
        site: Site,
        express: Express,
        connection: Connection,
        line: Line,
        idle: Callable[[], bool],
        lanes: Lanes,
        steering: Steering,
    ) -> None:
        super().__init__(site, express, connection, line, idle, lanes)
        self.types: tuple[str, ...] = ()
        """The types of message that the connection takes."""
        self._steering = steering

    def _prepared(self, data: bytes) -> Ready | None:
        found = self._body("websocket", data, self._create)
        if found is None:
            return None
        body, again = found
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
            again=again,
        )
        return self._express.prepare(asked, self._lanes)

    def _answered(self, copy: Copy) -> None:
        self._steering.ended(copy.response_id, None, True, len(copy))

    def _create(self, data: bytes) -> dict[str, Any] | None:
        kind, message = read_message(data, self.types)
        return message if kind == "response.create" else None
