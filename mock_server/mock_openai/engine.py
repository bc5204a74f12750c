"""One request in, one timed stream of events out; the same for every transport.

`open` validates and resolves what the request refers to, `answer` asks the responders in their order, `timed`
turns a reply or a recording into events with times. What goes out, and when, is for `delivery` and the
transports; `remember` is called with what really left.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from mock_openai.admission import Admission
from mock_openai.clock import Clock
from mock_openai.memory import (
    ConversationStore,
    Lanes,
    MemoryConversations,
    MemoryStore,
    Remembered,
    ResponseStore,
)
from mock_openai.pacing import Instant, Kept, Pace, postpone
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.cutting import Stencils
from mock_openai.protocol.dice import Dice
from mock_openai.protocol.errors import (
    ApiError,
)
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event, Timed, stream_events, warm_up_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.listing import with_ids
from mock_openai.protocol.request import Request
from mock_openai.protocol.response import open_response
from mock_openai.protocol.stencil import Copy, Stencil, fits
from mock_openai.responders.answer import Answer, Recorded, Reply
from mock_openai.responders.base import (
    ConnectionResponder,
    HandshakeResponder,
    HttpResponder,
    Responder,
    Turn,
)


class Engine:
    """Answers turns. Holds who answers, the pace, the seed and the stored responses, and no connection."""

    def __init__(
        self,
        responders: Sequence[Responder],
        *,
        pace: Pace,
        seed: int | None = 0,
        store: ResponseStore | None = None,
        conversations: ConversationStore | None = None,
        any_model: bool = False,
        clock: Clock | None = None,
        behaviour: Behaviour = DEFAULT,
        session: str | None = None,
    ) -> None:
        self.clock = clock or Clock()
        """What time it is."""
        self.responders = list(responders)
        """Asked in this order; those that take errors are asked about invalid requests too."""
        self.pace = pace
        self.store: ResponseStore = store if store is not None else MemoryStore(clock=self.clock)
        self.conversations: ConversationStore = conversations or MemoryConversations()
        self.behaviour = behaviour
        """What it does where the real server's behaviour is not known."""
        self.admission = Admission(self.store, self.conversations, behaviour, any_model=any_model)
        """Says which creates may go ahead, and what they continue from."""
        self._stencils = Stencils(behaviour)
        self.session = session
        """The session that it answers for; None for the server's own."""
        self.seed = random.randrange(2**63) if seed is None else seed
        """What all draws begin with."""
        self.reseed(self.seed)

    def reseed(self, seed: int | str) -> None:
        """Draw everything from another seed: servers that share a store must not make the same ids."""
        self.drawn_from = seed
        """The seed that draws begin with now."""
        self.ids = Ids(self.dice("ids"), self.clock.wall)
        """For ids that belong to no turn, such as request ids."""

    def now(self) -> float:
        """Give unix seconds."""
        return self.clock.wall()

    def dice(self, *purpose: object) -> Dice:
        """Give dice of its own for a purpose, so that concurrent turns do not disturb each other's ids."""
        return Dice(f"{self.drawn_from}:{':'.join(map(str, purpose))}")

    async def open(
        self,
        body: Mapping[str, Any],
        *,
        transport: Literal["http", "websocket"],
        connection: int,
        number: int,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        lanes: Lanes | None = None,
        size: int = 0,
    ) -> OpenTurn:
        """Validate a create and find what it continues from; what is wrong with it stands in the turn's
        `error`.

        `size` is the request's in bytes, 0 when its length does not matter.
        """
        request: Request | None = None
        error: ApiError | None = None
        history: tuple[dict[str, Any], ...] = ()
        history_tokens = 0
        try:
            request = self.admission.read(body, transport, size)
            history, history_tokens = await self.admission.before(request, lanes)
            await self.admission.check(request, history, history_tokens, size)
        except ApiError as wrong:
            error = wrong
        turn = Turn(
            body=body,
            transport=transport,
            request=request,
            error=error,
            history=history,
            connection=connection,
            number=number,
            key=key,
            headers=headers or {},
            session=self.session,
        )
        return OpenTurn(turn, history_tokens, self.dice(connection, number), size)

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

    def hung_up(self, connection: int) -> None:
        """Tell the responders that want to know that a WebSocket is over."""
        for responder in self.responders:
            if isinstance(responder, ConnectionResponder):
                responder.hung_up(connection)

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """Ask the responders that know recorded HTTP exchanges about one that creates no response."""
        for responder in self.responders:
            if isinstance(responder, HttpResponder):
                recorded = await responder.answer_http(method, path_qs, body)
                if recorded is not None:
                    return recorded
        return None

    async def answer_handshake(self, path_qs: str) -> Recorded | None:
        """Ask the responders that know refused WebSocket handshakes whether this one is refused."""
        for responder in self.responders:
            if isinstance(responder, HandshakeResponder):
                recorded = await responder.answer_handshake(path_qs)
                if recorded is not None:
                    return recorded
        return None

    def timed(self, opened: OpenTurn | None, answer: Reply | Recorded) -> Iterator[Timed]:
        """Give an answer's events with the times at which they leave, in seconds since the turn began."""
        if isinstance(answer, Recorded):
            if isinstance(self.pace, Kept):
                return self.pace.replay(answer.events)
            dice = opened.dice if opened is not None else self.dice("recorded")
            return self.pace.schedule((timed.event for timed in answer.events), dice.generator)
        assert opened is not None, "only a create is answered with a reply"
        stamped = self.pace.schedule(self._events(opened, answer), opened.dice.generator)
        return postpone(stamped, answer.delay) if answer.delay else stamped

    def copied(self, opened: OpenTurn, reply: Reply) -> Copy | None:
        """Give all events of a reply in one, when they are due at once and the like of it went out before."""
        request = opened.turn.request
        stencil = None if request is None else self.stencil(reply, request)
        if request is None or stencil is None:
            return None
        copy = stencil.fill(request, opened.history_tokens, opened.dice, self.clock.wall())
        opened.response_id = copy.response_id
        return copy

    def stencil(self, reply: Reply, request: Request, *, new: bool = True) -> Stencil | None:
        """Give a reply with holes, when its events are due at once and the like of it went out before; a
        `new` one is remembered, and has one next time.
        """
        if reply.delay or not isinstance(self.pace, Instant | Kept) or not fits(self.clock.wall()):
            return None
        return self._stencils.find(reply, request, new=new)

    def stamper(self, opened: OpenTurn | None) -> Callable[[Event], float]:
        """Give what says of one event after the other when it leaves at the earliest, in seconds since the
        turn began; for events that are not there yet.
        """
        coming: deque[Event] = deque()
        dice = opened.dice if opened is not None else self.dice("relayed")
        stamped = self.pace.schedule(_drained(coming), dice.generator)

        def at(event: Event) -> float:
            coming.append(event)
            timed = next(stamped, None)  # a pace that looks ahead finds nothing, and ends
            return timed.at if timed is not None else 0.0

        return at

    async def remember(self, opened: OpenTurn, sent: Sequence[Event], lanes: Lanes | None = None) -> bool:
        """Keep a response with its terminal event; forget the parent of a continuation that failed.

        False when there is no terminal event, or nothing to keep. ApiError when a shared memory is away.
        """
        request = opened.turn.request
        if not isinstance(sent, Copy):
            # A fault may have spoilt the last event, or put another behind it.
            sent = _until_its_end(sent)
        if request is None or not sent:
            return False
        kept = Remembered(
            opened.response_id or "",
            before=opened.turn.history,
            input=request.input,
            events=sent,
            parent=request.previous_response_id,
            input_size=opened.size,
            frame_tokens=request.frame_tokens,
        )
        if opened.response_id is None:
            kept.id = str(kept.response.get("id"))  # a recording brings its own id
        if request.store or request.background:  # the background keeps its responses either way (observed)
            await self.store.put(kept)
        if request.conversation is not None and self.admission.may_continue(kept):
            ids = Ids(opened.dice, self.clock.wall)
            said = with_ids((*request.input, *kept.response.get("output", ())), request.conversation, ids)
            await self.conversations.append(request.conversation, said)
        if lanes is not None:
            if self.admission.may_continue(kept):
                lanes.advance(request.stream_id, kept)
            elif kept.status == "failed":
                lanes.evict(request.stream_id, request.previous_response_id)
        return True

    def _events(self, opened: OpenTurn, reply: Reply) -> Iterator[Event]:
        request = opened.turn.request
        assert request is not None, "only a valid request is answered with a reply"
        ids = Ids(opened.dice, self.clock.wall)
        opened.response_id = ids.response(request.previous_response_id or request.conversation)
        response = open_response(request, id=opened.response_id, created_at=int(self.clock.wall()))
        history_tokens = opened.history_tokens
        if not request.generate:
            return warm_up_events(
                request,
                response,
                dice=opened.dice,
                history_tokens=history_tokens,
                clock=self.clock.wall,
                behaviour=self.behaviour,
            )
        return stream_events(
            reply,
            request,
            response,
            ids=ids,
            dice=opened.dice,
            history_tokens=history_tokens,
            clock=self.clock.wall,
            behaviour=self.behaviour,
        )


class OpenTurn:
    """A turn under way: what responders see of it, and what the engine itself needs until it ends."""

    __slots__ = ("dice", "history_tokens", "response_id", "size", "turn")

    def __init__(self, turn: Turn, history_tokens: int, dice: Dice, size: int = 0) -> None:
        self.turn = turn
        self.history_tokens = history_tokens
        """Tokens of what it continues from."""
        self.dice = dice
        """This turn's own: ids, obfuscation, pace."""
        self.response_id: str | None = None
        """The response's id, once it has one."""
        self.size = size
        """Bytes of the request as received."""

    @property
    def input_tokens(self) -> int:
        """Tokens that the model reads in this turn."""
        asked = self.turn.request
        if asked is None:
            return 0
        own = asked.tokens
        return self.history_tokens + own


def _drained(coming: deque[Event]) -> Iterator[Event]:
    while coming:
        yield coming.popleft()


def _until_its_end(sent: Sequence[Event]) -> tuple[Event, ...]:
    """Give the events up to the first that ends the response; none when it has not ended."""
    for number, event in enumerate(sent):
        if event.type in TERMINAL and _is_whole(event):
            return tuple(sent[: number + 1])
    return ()


def _is_whole(event: Event) -> bool:
    try:
        msgspec.json.decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
