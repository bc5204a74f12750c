"""Plans a turn in one plain call: validates the request, finds its history, and asks the responders in their
order.

If a step has to wait (for a shared memory, a rule that is a function, a responder of the user's own), the
plan stops there, and `finish` completes it. No step is taken twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mock_openai.clock import Clock
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.compile import Templates
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.reply import Failed, Reply
from mock_openai.protocol.request import Request
from mock_openai.responders.answer import Answer
from mock_openai.responders.base import Later, Responder, Turn, turn_for
from mock_openai.responders.improvise import Improviser
from mock_openai.responders.script import Script
from mock_openai.turn.admit import Admission
from mock_openai.turn.learned_pace import Learned
from mock_openai.turn.limits import Limiter, tokens_asked, usual_headers
from mock_openai.turn.pacing import Fixed, Instant, Kept, Pace
from mock_openai.turn.plan import Caller, Plan
from mock_openai.turn.request_cache import MAX_SIZE, CachedAnswer, ReceivedRequest


class Planner:
    """Plans the turns of one server."""

    def __init__(
        self,
        responders: Sequence[Responder],
        admission: Admission,
        *,
        pace: Pace,
        limiter: Limiter,
        clock: Clock,
        behaviour: Behaviour,
        session: str | None,
        random_source: Callable[[int, int], RandomSource],
    ) -> None:
        self.admission = admission
        self.limiter = limiter
        self._responders = responders
        self._plain = [_asked_plainly(responder) for responder in responders]
        # A pace of the user's own may look at more of an event than its type.
        self._renders = type(pace) in (Instant, Kept, Fixed, Learned)
        self._is_instant = isinstance(pace, Instant | Kept)
        self._clock = clock
        self._behaviour = behaviour
        self._session = session
        self._random_source = random_source
        self._templates = Templates(behaviour)
        self._script = responders[0] if responders and type(responders[0]) is Script else None

    def plan(self, received: ReceivedRequest, caller: Caller, number: int) -> Plan:
        """Plan a turn, as far as nothing has to be awaited. `number` is the create's on its connection."""
        plan = self._new(received, caller, number)
        cached, script = received.answer, self._script
        # A limit counts each turn, so the cached answer cannot be used.
        if (
            cached is not None
            and script is not None
            and cached.version == script.version
            and self.limiter.limits is None
        ):
            cached.rule.begin(plan.body, plan.size)
            plan.request, plan.answer, plan.render = received.request, cached.reply, cached.render
            plan.at_once = cached.at_once
            plan.rate_limits = usual_headers(cached.model)
            return plan
        try:
            if self._read(plan, received):
                self._answer(plan)
            if received.again and plan.render is not None:
                received.answer = self._cached_answer(plan)
        except Exception as error:  # the user's own code, or a defect: reported when the plan is played
            plan.failure = error
        return plan

    async def finish(self, plan: Plan) -> Answer:
        """Await what a plan lacks and return its answer; raises what a responder raised."""
        if plan.failure is not None:
            raise plan.failure
        if plan.waits_for == "memory":
            await self._wait_for_memory(plan)
            self._answer(plan)
        while plan.waits_for == "responder":
            plan.waits_for = None
            responder = self._responders[plan.next_responder]
            said = await responder.answer(turn_for(responder, plan.as_turn()))
            plan.next_responder += 1
            self._ask(plan, said)
        assert plan.answer is not None, "somebody has answered by now"
        return plan.answer

    async def admitted(self, received: ReceivedRequest, caller: Caller) -> Plan:
        """Plan a request that gets no response: validate it and find its history. Raises ApiError."""
        plan = self._new(received, caller, 0)
        if not self._read(plan, received):
            await self._wait_for_memory(plan)
        if plan.error is not None:
            raise plan.error
        return plan

    def forget(self) -> None:
        """Empty all caches."""
        self.admission.forget()
        self._templates.clear()

    def render(self, plan: Plan, reply: Reply) -> None:
        """Give a plan its template, if a reply like this was sent before."""
        plan.render, request = None, plan.request
        if request is not None and self._renders:
            plan.at_once = self._is_instant and not reply.delay
            template = self._templates.find(reply, request)
            if template is not None:
                plan.render = template.renderer(request, plan.history_tokens)

    def _new(self, received: ReceivedRequest, caller: Caller, number: int) -> Plan:
        random_source = self._random_source(caller.connection, number)
        return Plan(received.body, received.size, caller, number, random_source, self._session)

    def _read(self, plan: Plan, received: ReceivedRequest) -> bool:
        """Validate the request and find its history; False if that has to be awaited."""
        try:
            if received.refused is not None:
                raise received.refused.with_traceback(None)  # which grows with each raise
            if received.request is None:
                received.request = self.admission.read(plan.body, plan.caller.transport)
            plan.request = received.request
            found = self.admission.at_hand(plan.request, plan.caller.lanes, plan.size)
            if found is None:
                plan.waits_for = "memory"
                return False
            plan.history, plan.history_tokens = found
        except ApiError as error:
            plan.error = error
        return True

    async def _wait_for_memory(self, plan: Plan) -> None:
        assert plan.request is not None, "only a valid request waits for memory"
        plan.waits_for = None
        try:
            found = await self.admission.waited(plan.request, plan.caller.lanes, plan.size)
            plan.history, plan.history_tokens = found
        except ApiError as error:
            plan.error = error

    def _answer(self, plan: Plan) -> None:
        """Get the answer from the limits, or else from the responders."""
        if plan.request is not None and plan.error is None:
            if self.limiter.limits is None:
                plan.rate_limits = usual_headers(plan.request.model)
            else:
                plan.answer = self._limited(plan, plan.request)
        if plan.answer is None:
            self._ask(plan, None)

    def _limited(self, plan: Plan, request: Request) -> Answer | None:
        """Count a valid request against the caller's limits, and answer one that exceeds them."""
        tokens = tokens_asked(request, plan.input_tokens)
        try:
            plan.rate_limits = self.limiter.admit(plan.caller.key, request.model, tokens, self._clock.now())
        except ApiError as error:
            in_stream = self._behaviour.spent_tokens == "stream" and error.type == "tokens"
            if in_stream and request.stream and plan.caller.transport == "http":
                return Reply(
                    finish=Failed(error.code or "", error.message, error.type, headers=error.headers)
                )
            return error
        return None

    def _ask(self, plan: Plan, said: Answer | None) -> None:
        """Ask the responders in their order, from the plan's next one on; the first that does not pass
        answers. `said` is the answer of the responder before.
        """
        # A warm-up needs no answer.
        answerable = plan.error is None and (plan.request is None or plan.request.generate)
        while said is None and plan.next_responder < len(self._responders):
            if answerable or self._responders[plan.next_responder].takes_errors:
                ask = self._plain[plan.next_responder]
                found = ask(plan.as_turn()) if ask is not None else Later.LATER
                if found is Later.LATER:
                    plan.waits_for = "responder"
                    return
                said = found
            plan.next_responder += 1
        plan.answer = said if said is not None else plan.error or Reply()
        if isinstance(plan.answer, Reply):
            self.render(plan, plan.answer)

    def _cached_answer(self, plan: Plan) -> CachedAnswer | None:
        """Return the answer to all requests with these bytes; None if it depends on more."""
        request, script = plan.request, self._script
        if request is None or request.previous_response_id is not None or plan.size > MAX_SIZE:
            return None
        if script is None or self.limiter.limits is not None or plan.render is None:
            return None
        rule = script.fixed_rule(plan.as_turn())
        if rule is None or rule.rule.answer is not plan.answer or not isinstance(plan.answer, Reply):
            return None
        return CachedAnswer(script.version, rule, request.model, plan.answer, plan.render, plan.at_once)


def _asked_plainly(responder: Responder) -> Callable[[Turn], Answer | Later | None] | None:
    """Return a function that asks a responder without awaiting; None if it has to be awaited."""
    # A class derived from these two may answer in a way of its own.
    if type(responder) is Script:
        return responder.at_hand
    return responder.improvised if type(responder) is Improviser else None
