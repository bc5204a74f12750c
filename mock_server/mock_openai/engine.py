"""One request in, one timed stream of events out; the same for every transport.

`open` validates and resolves what the request refers to, `answer` asks the responders in their order, `timed`
turns a reply or a recording into events with times. What goes out, and when, is for `delivery` and the
transports; `remember` is called with what really left.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from mock_openai.memory import Lanes, MemoryStore, Remembered, ResponseStore
from mock_openai.pacing import Kept, Pace, postpone
from mock_openai.protocol.conversation import check_conversation
from mock_openai.protocol.errors import ApiError, conversation_not_found, previous_response_not_found
from mock_openai.protocol.events import Event, Timed, stream_events, warm_up_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.request import Request, parse_request
from mock_openai.protocol.response import open_response
from mock_openai.responders.answer import Answer, Recorded, Reply
from mock_openai.responders.base import HttpResponder, Responder, Turn

TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})


def wall_clock() -> float:
    """Give unix seconds. Looked up at each call, because virtual time replaces `time.time`."""
    return time.time()


class Engine:
    """Answers turns. Holds who answers, the pace, the seed and the stored responses, and no connection."""

    def __init__(
        self,
        responders: Sequence[Responder],
        *,
        pace: Pace,
        seed: int | None = 0,
        store: ResponseStore | None = None,
    ) -> None:
        self.responders = list(responders)
        """Asked in this order; those that take errors are asked about invalid requests too."""
        self.pace = pace
        self.store: ResponseStore = store if store is not None else MemoryStore()
        self._seed = random.randrange(2**63) if seed is None else seed
        self.ids = Ids(self.dice("ids"), wall_clock)
        """For ids that belong to no turn, such as request ids."""

    def dice(self, *purpose: object) -> random.Random:
        """Give a generator of its own for a purpose, so that concurrent turns do not disturb each other's
        ids.
        """
        return random.Random(f"{self._seed}:{':'.join(map(str, purpose))}")

    async def open(
        self,
        body: Mapping[str, Any],
        *,
        transport: Literal["http", "websocket"],
        connection: int,
        number: int,
        key: str | None = None,
        lanes: Lanes | None = None,
    ) -> OpenTurn:
        """Validate a create and find what it continues from; what is wrong with it stands in the turn's
        `error`.
        """
        request: Request | None = None
        error: ApiError | None = None
        parent: Remembered | None = None
        try:
            request = parse_request(body, transport=transport)
            parent = await self._resolve(request, lanes)
            check_conversation(parent.items if parent else (), request)
        except ApiError as wrong:
            error = wrong
        turn = Turn(
            body=body,
            transport=transport,
            request=request,
            error=error,
            history=parent.items if parent else (),
            connection=connection,
            number=number,
            key=key,
        )
        return OpenTurn(turn, parent, self.dice(connection, number))

    async def answer(self, turn: Turn) -> Answer:
        """Ask the responders in their order; the first that does not pass answers."""
        for responder in self.responders:
            if turn.error is not None and not responder.takes_errors:
                continue
            if turn.request is not None and not turn.request.generate and not responder.takes_errors:
                continue  # a warm-up has nothing to be answered
            answer = await responder.answer(turn)
            if answer is not None:
                return answer
        if turn.error is not None:
            return turn.error
        return Reply()

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """Ask the responders that know recorded HTTP exchanges about one that creates no response."""
        for responder in self.responders:
            if isinstance(responder, HttpResponder):
                recorded = await responder.answer_http(method, path_qs, body)
                if recorded is not None:
                    return recorded
        return None

    def timed(self, opened: OpenTurn, answer: Reply | Recorded) -> Iterator[Timed]:
        """Give an answer's events with the times at which they leave, in seconds since the turn began."""
        if isinstance(answer, Recorded):
            if isinstance(self.pace, Kept):
                return self.pace.replay(answer.events)
            return self.pace.schedule((timed.event for timed in answer.events), opened.rng)
        stamped = self.pace.schedule(self._events(opened, answer), opened.rng)
        return postpone(stamped, answer.delay) if answer.delay else stamped

    async def remember(self, opened: OpenTurn, sent: Sequence[Event], lanes: Lanes | None = None) -> None:
        """Keep a response whose terminal event has left; forget the parent of a continuation that failed."""
        request = opened.turn.request
        if request is None or not sent or sent[-1].type not in TERMINAL:
            return
        kept = Remembered(
            opened.response_id or "",
            before=opened.turn.history,
            input=request.input,
            events=tuple(sent),
            parent=request.previous_response_id,
            input_size=opened.size,
        )
        if opened.response_id is None:
            kept.id = str(kept.response.get("id"))  # a recording brings its own id
        if request.store:
            await self.store.put(kept)
        if lanes is None:
            return
        if kept.continuable:
            lanes.advance(request.stream_id, kept)
        elif sent[-1].type == "response.failed":
            lanes.evict(request.stream_id, request.previous_response_id)

    async def _resolve(self, request: Request, lanes: Lanes | None) -> Remembered | None:
        if request.conversation is not None:
            raise conversation_not_found(request.conversation)
        if request.previous_response_id is None:
            return None
        found = lanes.find(request.previous_response_id) if lanes else None
        found = found or await self.store.get(request.previous_response_id)
        if found is None or not found.continuable:
            raise previous_response_not_found(request.previous_response_id)
        return found

    def _events(self, opened: OpenTurn, reply: Reply) -> Iterator[Event]:
        request = opened.turn.request
        assert request is not None, "only a valid request is answered with a reply"
        ids = Ids(opened.rng, wall_clock)
        opened.response_id = ids.response(request.previous_response_id)
        response = open_response(request, id=opened.response_id, created_at=int(wall_clock()))
        history_tokens = opened.parent.tokens if opened.parent else 0
        if not request.generate:
            return warm_up_events(
                request, response, rng=opened.rng, history_tokens=history_tokens, clock=wall_clock
            )
        return stream_events(
            reply,
            request,
            response,
            ids=ids,
            rng=opened.rng,
            history_tokens=history_tokens,
            clock=wall_clock,
        )


class OpenTurn:
    """A turn under way: what responders see of it, and what the engine itself needs until it ends."""

    __slots__ = ("parent", "response_id", "rng", "size", "turn")

    def __init__(self, turn: Turn, parent: Remembered | None, rng: random.Random) -> None:
        self.turn = turn
        self.parent = parent
        """The response it continues from."""
        self.rng = rng
        """This turn's own dice: ids, obfuscation, pace."""
        self.response_id: str | None = None
        """The response's id, once it has one."""
        self.size = 0
        """Bytes of the request as received."""
