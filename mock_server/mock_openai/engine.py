"""The engine of one server or session: who answers turns, the pace, the seed, and the stores.

The `planner` makes a Plan of a request, and completes it if it had to wait. `timed` turns the answer into
events with times. The `keeper` stores the response that really left. Writing events is the work of `delivery`
and the transports.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from mock_openai.clock import Clock
from mock_openai.memory import ConversationStore, MemoryConversations, MemoryStore, ResponseStore
from mock_openai.memory.budget import MemoryBudget
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.events import Event, Opened, Timed, stream_events, warm_up_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.reply import Reply
from mock_openai.protocol.response import open_response
from mock_openai.responders.answer import Recorded
from mock_openai.responders.base import ConnectionResponder, HandshakeResponder, HttpResponder, Responder
from mock_openai.turn.admit import Admission
from mock_openai.turn.keep import Keeper
from mock_openai.turn.limits import Limiter, Limits
from mock_openai.turn.pacing import Kept, Pace, postpone
from mock_openai.turn.plan import Plan
from mock_openai.turn.planner import Planner


class Engine:
    """Answers the turns of one server or session. It knows no connection."""

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
        limits: Limits | None = None,
        budget: MemoryBudget | None = None,
    ) -> None:
        self.clock = clock or Clock()
        """The server's time."""
        self.responders = list(responders)
        """Asked in this order; those that take errors are asked about invalid requests too."""
        self.pace = pace
        self.store: ResponseStore = (
            store if store is not None else MemoryStore(clock=self.clock, budget=budget)
        )
        self.conversations: ConversationStore = conversations or MemoryConversations(budget=budget)
        self.behaviour = behaviour
        """What the server does where the real API's behavior is not known."""
        self.session = session
        """The session that this engine answers for; None for the server's own."""
        self.seed = random.randrange(2**63) if seed is None else seed
        """The seed that the server started with."""
        self.reseed(self.seed)
        self.limiter = Limiter(limits)
        self.admission = Admission(self.store, self.conversations, behaviour, any_model=any_model)
        """Decides which creates may go ahead, and finds what they continue from."""
        self.planner = Planner(
            self.responders,
            self.admission,
            pace=pace,
            limiter=self.limiter,
            clock=self.clock,
            behaviour=behaviour,
            session=session,
            random_source=self._random_source_of,
        )
        self.keeper = Keeper(self.store, self.conversations, self.admission, self.clock.wall)

    def reseed(self, seed: int | str) -> None:
        """Draw everything from another seed: servers that share a store must not make the same ids."""
        self.drawn_from = seed
        """The seed in use; `reseed` changes it."""
        self.ids = Ids(self.random_source("ids"), self.clock.wall)
        """For ids that belong to no turn, such as request ids."""

    def now(self) -> float:
        """Return unix seconds."""
        return self.clock.wall()

    def random_source(self, *purpose: object) -> RandomSource:
        """Return a random source for one purpose, so that turns do not affect each other's ids."""
        return RandomSource(f"{self.drawn_from}:{':'.join(map(str, purpose))}")

    def _random_source_of(self, connection: int, number: int) -> RandomSource:
        """Return the same as `random_source(connection, number)`, which each turn asks for."""
        return RandomSource(f"{self.drawn_from}:{connection}:{number}")

    def hung_up(self, connection: int) -> None:
        """Tell the responders that keep state for a WebSocket that it has closed."""
        for responder in self.responders:
            if isinstance(responder, ConnectionResponder):
                responder.hung_up(connection)

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """Return the recorded answer to an HTTP request that creates no response; None if no responder has
        one.
        """
        for responder in self.responders:
            if isinstance(responder, HttpResponder):
                recorded = await responder.answer_http(method, path_qs, body)
                if recorded is not None:
                    return recorded
        return None

    async def answer_handshake(self, path_qs: str) -> Recorded | None:
        """Return the recorded refusal of a WebSocket handshake; None if no responder has one."""
        for responder in self.responders:
            if isinstance(responder, HandshakeResponder):
                recorded = await responder.answer_handshake(path_qs)
                if recorded is not None:
                    return recorded
        return None

    def timed(self, plan: Plan | None, answer: Reply | Recorded) -> Iterator[Timed]:
        """Yield an answer's events with the times at which they leave, in seconds since the turn began."""
        if isinstance(answer, Recorded):
            if isinstance(self.pace, Kept):
                return self.pace.replay(answer.events)
            random_source = plan.random_source if plan is not None else self.random_source("recorded")
            return self.pace.schedule((timed.event for timed in answer.events), random_source.generator)
        assert plan is not None, "only a create request is answered with a reply"
        stamped = self.pace.schedule(self._events(plan, answer), plan.random_source.generator)
        return postpone(stamped, answer.delay) if answer.delay else stamped

    def times(self, plan: Plan, reply: Reply) -> list[float]:
        """Return when the events of a reply that is rendered whole leave, in seconds since the turn began."""
        assert plan.render is not None, "only what has a template is rendered whole"
        shells = plan.render.shells
        if plan.at_once:
            return [0.0] * len(shells)
        stamped = self.pace.schedule(shells, plan.random_source.generator)
        return [timed.at for timed in (postpone(stamped, reply.delay) if reply.delay else stamped)]

    def stamper(self, plan: Plan | None) -> Callable[[Event], float]:
        """Return a function that says for one event after another when it may leave, in seconds since the
        turn began; for events that are still to come.
        """
        coming: deque[Event] = deque()
        random_source = plan.random_source if plan is not None else self.random_source("relayed")
        stamped = self.pace.schedule(_drained(coming), random_source.generator)

        def at(event: Event) -> float:
            coming.append(event)
            timed = next(stamped, None)  # a pace that looks ahead finds nothing, and ends
            return timed.at if timed is not None else 0.0

        return at

    def _events(self, plan: Plan, reply: Reply) -> Iterator[Event]:
        request = plan.request
        assert request is not None, "only a valid request is answered with a reply"
        ids = Ids(plan.random_source, self.clock.wall)
        plan.response_id = ids.response(request.previous_response_id or request.conversation)
        response = open_response(request, id=plan.response_id, created_at=int(self.clock.wall()))
        opened = Opened(
            request=request,
            response=response,
            ids=ids,
            random_source=plan.random_source,
            clock=self.clock.wall,
            history_tokens=plan.history_tokens,
            behaviour=self.behaviour,
        )
        return stream_events(reply, opened) if request.generate else warm_up_events(opened)


def _drained(coming: deque[Event]) -> Iterator[Event]:
    while coming:
        yield coming.popleft()
