"""The steering submissions of one WebSocket: the response that each is for, and its outcome.

The session calls it when a submission arrives, when a turn ends and when a create begins. When a response
ends, its submissions go into a successor on the same lane, or wait until the client has supplied the input
that the response needs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from mock_openai.delivery import Delivery
from mock_openai.memory import LaneMemory
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.events import Event
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.steering import (
    Steer,
    SteerRefused,
    accepted,
    as_items,
    check_steer,
    check_target,
    failed,
    pending,
    read_steer,
    required_input,
)
from mock_openai.transport.queue import MAX_WAITING_BYTES, Create
from mock_openai.turn.request_cache import ReceivedRequest

_REMEMBERED = 1024
"""Number of ended responses of a connection that are still distinguished from unknown ones."""


class _Ended(msgspec.Struct, gc=False):
    lane: str | None
    completed: bool
    number: int
    """The next sequence number of its stream."""


class Steering:
    """The submissions of one connection."""

    def __init__(self, ids: Ids, behaviour: Behaviour, lanes: LaneMemory) -> None:
        self._ids = ids
        self._behaviour = behaviour
        self._lanes = lanes
        self._waiting: dict[str, list[Steer]] = {}
        self._ended: OrderedDict[str, _Ended] = OrderedDict()

    async def submit(
        self, message: Mapping[str, Any], size: int, deliveries: Iterable[Delivery]
    ) -> Event | None:
        """Accept a submission of `size` bytes. Return the event that refuses it, unless it went out in the
        response's own stream.

        Raises ApiError for a message that names no response or has no input at all.
        """
        steer = read_steer(message)
        target = steer.previous_response_id
        delivery = next((one for one in deliveries if one.response_id == target), None)
        if delivery is not None and delivery.out.ended:
            self._note_end(target, delivery)
            delivery = None
        try:
            check_steer(message)
            if delivery is None:
                raise self._not_under_way(target)
            request = delivery.request
            if request is not None:
                check_target(request)
            waiting = self._waiting.setdefault(target, [])
            held = sum(one.size for kept in self._waiting.values() for one in kept)
            if len(waiting) >= self._behaviour.max_pending_steers or held + size > MAX_WAITING_BYTES:
                raise SteerRefused(
                    "too_many_pending_steers", "Too much steering input is pending for this response."
                )
        except SteerRefused as refused:
            if delivery is None:
                ended = self._ended.get(target)
                if ended is None:
                    return failed(steer, None, refused, 0)
                ended.number += 1
                return failed(steer, ended.lane, refused, ended.number - 1)
            await delivery.insert(partial(failed, steer, delivery.lane, refused))
            return None
        owned = replace(steer, id=self._ids.steer(), size=size)
        waiting.append(owned)
        await delivery.insert(partial(accepted, owned, delivery.lane))
        if self._behaviour.steer_boundary == "item":
            delivery.steer()
        return None

    async def after(self, create: Create, delivery: Delivery, *, closing: bool) -> dict[str, Any] | None:
        """Settle a turn's submissions once it has ended; return the body of the successor, if there
        is one.
        """
        target = delivery.response_id
        if target is None:
            return None
        self._note_end(target, delivery)
        try:
            return await self._settle(target, create, delivery, closing)
        finally:
            self._note_end(target, delivery)

    async def _settle(
        self, target: str, create: Create, delivery: Delivery, closing: bool
    ) -> dict[str, Any] | None:
        steers = self._waiting.get(target)
        if not steers:
            return None
        parent = self._lanes.find(target)
        if parent is None or closing:
            why = "The connection is about to close." if closing else "The response cannot be continued from."
            await self.give_back(target, delivery, why)
            return None
        required = required_input(parent.response.get("output", ()))
        if required:
            for steer in steers:
                await delivery.insert(partial(pending, steer, create.lane, required))
            return None
        items = [item for steer in steers for item in steer.items]
        # A successor inherits every setting (documented).
        return {**create.received.body, "previous_response_id": target, "input": items}

    def knows(self, response_id: str) -> bool:
        """Return whether a response with this id has ended on this connection."""
        return response_id in self._ended

    def waits_for(self, parent: object) -> bool:
        """Return whether submissions wait for the create that continues this response."""
        return isinstance(parent, str) and parent in self._waiting

    def join(self, create: Create) -> Create:
        """Return the create with the submissions that waited for it before its input."""
        body = create.received.body
        parent = body.get("previous_response_id")
        ended = self._ended.get(parent) if isinstance(parent, str) else None
        if ended is None or ended.lane != create.lane:
            return create
        steers = self._waiting.get(str(parent))
        if not steers:
            return create
        given = body.get("input")
        if not isinstance(given, str | list):
            return create  # the create will be refused
        items = [item for steer in steers for item in steer.items]
        received = ReceivedRequest({**body, "input": [*items, *as_items(given)]}, create.received.size)
        return Create(create.lane, create.position, received)

    def committed(self, parent: str) -> None:
        """Forget the submissions that a create carried: its `response.created` commits them (documented)."""
        self._waiting.pop(parent, None)

    async def give_back(self, target: str, delivery: Delivery, why: str) -> None:
        """Return accepted input that found no successor."""
        error = SteerRefused("successor_creation_failed", why)
        for steer in self._waiting.pop(target, []):
            await delivery.insert(partial(failed, steer, delivery.lane, error))

    def _not_under_way(self, target: str) -> SteerRefused:
        ended = self._ended.get(target)
        if ended is None:
            words = f"Response with id '{target}' not found on this connection."
            return SteerRefused("response_not_found", words)
        if ended.completed:
            words = f"Response with id '{target}' has already completed."
            return SteerRefused("response_already_completed", words)
        return SteerRefused("response_not_active", f"Response with id '{target}' is not active.")

    def _note_end(self, target: str, delivery: Delivery) -> None:
        completed = delivery.out.completed
        self.ended(target, delivery.lane, completed, delivery.out.next_number)

    def ended(self, target: str, lane: str | None, completed: bool, number: int) -> None:
        """Note that a response has ended, and the next sequence number of its stream."""
        self._ended[target] = _Ended(lane, completed, number)
        while len(self._ended) > _REMEMBERED:
            self._waiting.pop(self._ended.popitem(last=False)[0], None)
