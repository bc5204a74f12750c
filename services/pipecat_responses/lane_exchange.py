"""One request on a lane of a WebSocket, and what the server remembers of it afterwards."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from .channel import Channel
from .continuation import Plan
from .errors import Failure
from .flight import InFlight
from .request import encode
from .steps import Finished
from .turn import Turn

__all__ = ["LaneExchange"]

_UNKNOWN_FIELD = {"unknown_parameter", "unsupported_parameter"}


class LaneExchange:
    """One request on a lane of a channel."""

    def __init__(
        self, channel: Channel, flight: InFlight, plan: Plan, turn: Turn, items: Sequence[Mapping[str, Any]]
    ) -> None:
        self.flight = flight
        self.plan = plan
        self.asked_at = asyncio.get_running_loop().time()
        self.continuing_refused = False
        """Whether the server does not know what it means to continue from a response."""
        self._channel = channel
        self._turn = turn
        self._items = items

    @classmethod
    async def begin(cls, channel: Channel, turn: Turn, items: Sequence[Mapping[str, Any]]) -> "LaneExchange":
        """Send the request: what is new of the conversation, or all of it."""
        memory = channel.memory
        plan = (
            Plan(None, None, list(items), 0) if turn.in_full else memory.plan(turn.body.get("model"), items)
        )
        lane = channel.pick_lane(plan.lane)
        if plan.previous_response_id is None or lane != plan.lane:
            memory.forget(lane)  # the server is about to replace what it keeps there
        message = {"type": "response.create", **turn.body, "input": plan.send}
        if plan.previous_response_id is not None:
            message["previous_response_id"] = plan.previous_response_id
        if lane is not None:
            message["stream_id"] = lane
        aside = turn.body.get("generate") is False
        flight = await channel.create(lane, encode(message), aside=aside)
        return cls(channel, flight, plan, turn, items)

    async def receive(self, timeout: float) -> Sequence[Mapping[str, Any] | None]:
        """Return the next events. Raises TimeoutError, and drops the connection, after so much silence."""
        try:
            return await self.flight.receive(timeout)
        except TimeoutError:
            # A connection on which an answer got stuck is not trusted with the next one. A warm-up is none,
            # and one may be under way beside it.
            if not self.flight.aside:
                self._channel.abort("an answer got stuck")
            raise

    def completed(self, finished: Finished) -> None:
        """Note what the server remembers from now on."""
        memory = self._channel.memory
        if finished.response_id is None or (finished.silent and finished.output):
            memory.forget(self.flight.lane)
        else:
            memory.remember(
                self.flight.lane,
                finished.response_id,
                self._turn.body.get("model"),
                self._items,
                finished.output,
            )

    def failed(self, failure: Failure) -> None:
        """Note that the server remembers nothing on this lane, and what else the failure says of it."""
        memory = self._channel.memory
        memory.forget(self.flight.lane)
        if failure.param == "stream_id" and failure.code != "websocket_stream_limit_reached":
            self._channel.go_without_lanes()
        elif failure.param == "stream_id":
            self._channel.retire()
        if failure.param == "previous_response_id" or "previous_response_not_found" in failure.codes:
            self._turn.in_full = True
            self.continuing_refused = bool(failure.codes & _UNKNOWN_FIELD)
            if self.plan.previous_response_id is not None:
                memory.forget_response(self.plan.previous_response_id)
