"""One request on a lane of a WebSocket, and what the server remembers of it afterwards."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from .connection import WebSocketConnection
from .continuation import Continuation
from .errors import Failure
from .pending import PendingResponse
from .request import encode
from .steps import Finished
from .text import TextDelta
from .turn import Turn

__all__ = ["LaneExchange"]

_UNKNOWN_FIELD = {"unknown_parameter", "unsupported_parameter"}


class LaneExchange:
    """One request on a lane of a connection."""

    def __init__(
        self,
        connection: WebSocketConnection,
        pending: PendingResponse,
        continuation: Continuation,
        turn: Turn,
        items: Sequence[Mapping[str, Any]],
    ) -> None:
        self.pending = pending
        self.continuation = continuation
        self.asked_at = asyncio.get_running_loop().time()
        self.continuing_refused = False
        """Whether the server does not support ``previous_response_id``."""
        self._connection = connection
        self._turn = turn
        self._items = items

    @classmethod
    async def begin(
        cls, connection: WebSocketConnection, turn: Turn, items: Sequence[Mapping[str, Any]]
    ) -> "LaneExchange":
        """Send the request, with the new part of the conversation or all of it."""
        memory = connection.memory
        continuation = (
            Continuation(None, None, list(items), 0)
            if turn.in_full
            else memory.plan(turn.body.get("model"), items)
        )
        lane = connection.pick_lane(continuation.lane)
        if continuation.previous_response_id is None or lane != continuation.lane:
            memory.forget(lane)  # the server is about to replace what it keeps there
        message = {"type": "response.create", **turn.body, "input": continuation.send}
        if continuation.previous_response_id is not None:
            message["previous_response_id"] = continuation.previous_response_id
        if lane is not None:
            message["stream_id"] = lane
        warm_up = turn.body.get("generate") is False
        pending = await connection.create(lane, encode(message), warm_up=warm_up)
        return cls(connection, pending, continuation, turn, items)

    async def receive(self, timeout: float) -> Sequence[Mapping[str, Any] | TextDelta | None]:
        """Return the next events. Raises TimeoutError, and drops the connection, after `timeout` seconds of
        silence.
        """
        try:
            return await self.pending.receive(timeout)
        except TimeoutError:
            # The next answer must not get stuck on the same connection. A late warm-up is no reason to drop
            # it, because a turn's response may be pending beside it.
            if not self.pending.warm_up:
                self._connection.abort("an answer stalled")
            raise

    def completed(self, finished: Finished) -> None:
        """Note what the server remembers from now on."""
        memory = self._connection.memory
        if finished.response_id is None or (finished.silent and finished.output):
            memory.forget(self.pending.lane)
        else:
            memory.remember(
                self.pending.lane,
                finished.response_id,
                self._turn.body.get("model"),
                self._items,
                finished.output,
            )

    def failed(self, failure: Failure) -> None:
        """Note that the server remembers nothing on this lane, and anything else that the failure shows."""
        memory = self._connection.memory
        memory.forget(self.pending.lane)
        if failure.source == "timeout" and not self.pending.warm_up:
            self._connection.abort("an answer did not end")  # it may go on for ever
        if failure.param == "stream_id" and failure.code != "websocket_stream_limit_reached":
            self._connection.disable_lanes()
        elif failure.param == "stream_id":
            self._connection.retire()
        if failure.param == "previous_response_id" or "previous_response_not_found" in failure.codes:
            self._turn.in_full = True
            self.continuing_refused = bool(failure.codes & _UNKNOWN_FIELD)
            if self.continuation.previous_response_id is not None:
                memory.forget_response(self.continuation.previous_response_id)
