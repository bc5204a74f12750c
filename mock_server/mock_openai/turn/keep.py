"""Storing responses, so that they can be continued, read and listed.

A response is stored before its last event leaves, so that a client that has the event can continue from it
on any server that shares the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mock_openai.memory import ConversationStore, LaneMemory, MemoryStore, Remembered, ResponseStore
from mock_openai.protocol import json
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.listing import with_ids
from mock_openai.protocol.request import Request
from mock_openai.protocol.template import Rendered
from mock_openai.threads import LARGE, in_thread
from mock_openai.turn.admit import Admission
from mock_openai.turn.plan import Plan


class Keeper:
    """Stores the responses of one server."""

    def __init__(
        self,
        store: ResponseStore,
        conversations: ConversationStore,
        admission: Admission,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._conversations = conversations
        self._admission = admission
        self._clock = clock
        # A class derived from it may store in a way of its own, and has to be awaited.
        self._here = store if type(store) is MemoryStore else None

    def can_at_once(self, plan: Plan) -> bool:
        """Return whether `keep_at_once` can store a turn, without awaiting anything."""
        return self._here is not None and plan.request is not None and plan.request.conversation is None

    def keep_at_once(self, plan: Plan, sent: Sequence[Event]) -> bool:
        """Store a turn in this process's memory; False if there is nothing to store."""
        request, kept = plan.request, _remembered(plan, sent)
        if request is None or kept is None:
            return False
        if self._here is not None and (request.store or request.background):
            self._here.keep(kept)
        if plan.caller.lanes is not None:
            self._advance_lane(plan.caller.lanes, request, kept)
        return True

    async def keep(self, plan: Plan, sent: Sequence[Event]) -> bool:
        """Store a turn; False if there is nothing to store. Raises ApiError if a shared memory does not
        answer.
        """
        request = plan.request
        if isinstance(sent, Rendered) or sum(len(event.data) for event in sent[-1:]) <= LARGE:
            if self.can_at_once(plan):
                return self.keep_at_once(plan, sent)
            kept = _remembered(plan, sent)
        else:
            kept = await in_thread(_decoded, plan, sent)
        if request is None or kept is None:
            return False
        if request.store or request.background:  # observed: the background keeps its responses either way
            await self._store.put(kept)
        if request.conversation is not None and self._admission.may_continue(kept):
            ids = Ids(plan.random_source, self._clock)
            said = with_ids((*request.input, *kept.response.get("output", ())), request.conversation, ids)
            await self._conversations.append(request.conversation, said)
        if plan.caller.lanes is not None:
            self._advance_lane(plan.caller.lanes, request, kept)
        return True

    def _advance_lane(self, lanes: LaneMemory, request: Request, kept: Remembered) -> None:
        """Advance the socket's lane to this response, or evict the parent of a failed continuation."""
        if self._admission.may_continue(kept):
            lanes.advance(request.stream_id, kept)
        elif kept.status == "failed":
            lanes.evict(request.stream_id, request.previous_response_id)


def _remembered(plan: Plan, sent: Sequence[Event]) -> Remembered | None:
    """Return a turn as memory stores it; None if it has not ended."""
    request = plan.request
    if request is None:
        return None
    if not isinstance(sent, Rendered):
        # A fault may have broken the last event, or added another after it.
        sent = _up_to_its_end(sent)
        if not sent:
            return None
    kept = Remembered(
        plan.response_id or "",
        before=plan.history,
        input=request.input,
        events=sent,
        parent=request.previous_response_id,
        input_size=plan.size,
        frame_tokens=request.frame_tokens,
    )
    if plan.response_id is None:
        kept.id = str(kept.response.get("id"))  # a recording has its own id
    return kept


def _decoded(plan: Plan, sent: Sequence[Event]) -> Remembered | None:
    """Return it with its response object, which a thread decodes while other clients are served."""
    kept = _remembered(plan, sent)
    if kept is not None:
        _ = kept.response
    return kept


def _up_to_its_end(sent: Sequence[Event]) -> tuple[Event, ...]:
    """Return the events up to the first that ends the response; empty if it has not ended, or has too many
    values to be read.
    """
    for number, event in enumerate(sent):
        if event.type not in TERMINAL:
            continue
        if json.has_more_values(event.data, json.MOST_READ):
            return ()  # of another server, which keeps it too
        if json.object_in(event.data) is not None:
            return tuple(sent[: number + 1])
    return ()
