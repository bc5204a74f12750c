"""One turn: attempts at an answer, until one succeeds or the turn must fail.

An attempt sends the request, feeds the events to a ``ResponseStream`` and performs the steps it returns. If
an attempt breaks before anything was spoken, the request is sent again. If part of the answer was spoken, the
model is asked to continue where it stopped, and only the new text is spoken. If that is disabled or fails,
the turn ends with one error frame. In both cases ``on_response_interrupted`` says what had been spoken.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    LLMMessagesAppendFrame,
    LLMThoughtStartFrame,
    LLMThoughtTextFrame,
)

from .categories import may_be_a_file
from .errors import Failure, TurnBroken
from .overlap import Overlap
from .reporting import ReportingService
from .sounding import Sounding
from .steps import (
    Broken,
    Call,
    CallStarted,
    Failed,
    Finished,
    FirstOutput,
    Incomplete,
    ReasoningItem,
    Say,
    Step,
    ThoughtEnd,
    ThoughtStart,
    ThoughtText,
    Usage,
)
from .stored import StoredResponses
from .stream import ResponseStream
from .text import TextDelta
from .timeouts import Deadlines, Timeouts, retry_delay
from .turn import Exchange, Turn
from .turn_failures import failure_of_calls, failure_of_emptiness, failure_of_length, failure_of_silence

__all__ = ["TurnService"]

# Seconds to wait for the event that shows whether an unreadable message was part of the answer.
_DOUBT_LASTS = 1.0
_END: Mapping[str, Any] = {}


class TurnService(ReportingService):
    """The part of both services that works on a turn."""

    def __init__(
        self,
        *,
        retry_timeout_secs: float | None,
        retry_on_timeout: bool | None,
        timeouts: Timeouts | None,
        speak_refusals: bool,
        continue_after_loss: bool,
        rng: random.Random | None,
        **kwargs: Any,
    ) -> None:
        """Take what concerns turns; ``ResponsesService`` documents the arguments."""
        super().__init__(**kwargs)
        self._retry_timeout_secs = retry_timeout_secs
        self._retry_on_timeout = retry_on_timeout
        self._timeouts = timeouts or Timeouts()
        self._speak_refusals = speak_refusals
        self._continue_after_loss = continue_after_loss
        self._rng = rng or random.Random()
        self._full_model_name: str | None = None
        self._silent_for = 0.0
        self._sounding = Sounding()
        self._stored = StoredResponses()

    def _silence_before(self, conversation: Sequence[Mapping[str, Any]], limits: Timeouts) -> float:
        """Return the seconds of silence before a tool that count against the answer to the tool's result.

        The caller hears nothing before and after a tool, so all answers of a turn share one budget. The time
        that the tool took is not counted.
        """
        before, self._silent_for = self._silent_for, 0.0
        if not conversation or conversation[-1].get("type") != "function_call_output":
            return 0.0
        return limits.carried(before)

    # -- attempts ----------------------------------------------------------------------------------

    def _exchange(self, turn: Turn) -> AbstractAsyncContextManager[Exchange]:
        """Send the turn's request; leaving the context drops events that have not come. Raises TurnBroken."""
        raise NotImplementedError

    async def _run_turn(self, turn: Turn) -> list[Call]:
        """Make attempts until one succeeds or the turn must fail; return the tool calls to run."""
        while True:
            turn.attempt += 1
            try:
                return await self._conclude(turn, await self._attempt(turn))
            except TurnBroken as error:
                self._note_keys()
                broken = self._keys.broken(error)
                await self._end_thought()
                delay = self._delay_before_next(turn, broken.failure)
                if delay is None:
                    await self._give_up(turn, broken)
                    return []
                logger.info(f"{self}: retrying in {delay:.2f} s: {broken.failure.message}")
                if delay:
                    await asyncio.sleep(delay)

    def _delay_before_next(self, turn: Turn, failure: Failure) -> float | None:
        if turn.said and turn.resumed is None and not self._may_go_on(turn):
            return None
        if failure.source == "timeout" and self._retries_at_once(turn):
            return 0.0
        now = asyncio.get_running_loop().time()
        # Failures after an outage are not part of it: the pauses start again.
        turn.failures[failure.kind] += 1
        return retry_delay(
            failure,
            attempt=turn.failures[failure.kind],
            elapsed=now - self._silent_since(turn),
            recover=turn.limits.tried_again_until,
            rng=self._rng,
        )

    def _may_go_on(self, turn: Turn) -> bool:
        """Whether the model may be asked to continue an answer of which part was spoken."""
        return self._continue_after_loss and turn.may_go_on

    def _can_resume(self, turn: Turn, stream: ResponseStream, failure: Failure) -> bool:
        """Whether the server may send the rest of the broken stream, exactly where it broke off."""
        return False

    async def _attempt(self, turn: Turn) -> Finished | Incomplete:
        """Make one request and process its answer. Raises TurnBroken if the answer does not end well."""
        async with self._exchange(turn) as exchange:
            continues = bool(turn.said) and turn.resumed is None
            speaks = self._speak_refusals and (turn.refused or not continues)
            stream = turn.resumed or ResponseStream(speak_refusals=speaks)
            try:
                return await self._follow(turn, exchange, stream, Overlap(turn.text) if continues else None)
            except TurnBroken as broken:
                exchange.failed(broken.failure)
                if turn.said:
                    turn.broke_off, turn.loss = turn.text, turn.loss or broken.failure
                    turn.refused = turn.refused or (stream.refuses and stream.speak_refusals)
                    # A call that was under way may be lost for good: the model would be asked for text.
                    turn.may_go_on = turn.may_go_on and not stream.calls_a_tool
                turn.resumed = stream if self._can_resume(turn, stream, broken.failure) else None
                raise
            finally:
                if turn.body.get("store") and stream.response_id is not None:
                    self._stored.add(stream.response_id)

    async def _follow(
        self, turn: Turn, exchange: Exchange, stream: ResponseStream, overlap: Overlap | None
    ) -> Finished | Incomplete:
        """Perform the steps of one response, until its end. Raises TurnBroken.

        ``overlap`` filters what the response repeats of the words spoken before.
        """
        loop = asyncio.get_running_loop()
        deadlines = self._deadlines(turn, exchange.asked_at)
        longest_silence = turn.limits.longest_silence
        last_event = exchange.asked_at
        heard = talking = False
        while True:
            by = deadlines.output_by if heard else deadlines.event_by
            if stream.has_output:
                # A model does not think in the middle of a sentence, whatever its reasoning effort.
                patience = (self._timeouts if talking else turn.limits).between_events
                budget_ends = self._silent_since(turn) + longest_silence
                by = min(last_event + patience, budget_ends, deadlines.end_by)
            if stream.doubtful:
                by = min(by, last_event + _DOUBT_LASTS)
            try:
                events = await exchange.receive(by - loop.time())
            except TimeoutError:
                now = loop.time()
                if now < deadlines.end_by:
                    raise TurnBroken(failure_of_silence(stream, now - exchange.asked_at)) from None
                events = ()
            else:
                now = loop.time()
            if now >= deadlines.end_by:
                turn.may_go_on = False  # the rest would be as long
                raise TurnBroken(failure_of_length(stream, now - exchange.asked_at))
            if stream.has_output:
                turn.silent_since += now - last_event  # the model shows that it is at work
            last_event = now
            heard = True
            steps: Sequence[Step] = ()
            for event in events or (_END,):
                steps = stream.feed(event) if event else _steps_without(stream, event)
                for step in steps:
                    if type(step) is Say:  # the hot path
                        text = step.text if overlap is None else overlap.feed(step.text)
                        if text:
                            await self._say(turn, text, at=now)
                    elif type(step) is FirstOutput:
                        turn.output_began = turn.output_began or time.time()
                        turn.silent_since += now - exchange.asked_at  # the model was at work all that time
                    elif overlap is None or not isinstance(step, ReasoningItem):
                        # Thoughts of a continuation are left out: the answer has those that led to it.
                        outcome = await self._perform(turn, step)
                        if outcome is None:
                            continue
                        if overlap is not None:
                            self._check_continued(turn, stream, outcome)
                            if text := overlap.end():
                                await self._say(turn, text, at=now)
                        if isinstance(outcome, Finished):
                            exchange.completed(outcome)
                        return outcome
            talking = bool(steps) and type(steps[-1]) is Say

    def _check_continued(self, turn: Turn, stream: ResponseStream, outcome: Finished | Incomplete) -> None:
        """Raise TurnBroken if the model did not continue: it refused, or said nothing."""
        if stream.refuses and not turn.refused:
            turn.may_go_on = False
            assert turn.loss is not None
            raise TurnBroken(turn.loss)
        if isinstance(outcome, Finished) and outcome.silent:
            raise TurnBroken(failure_of_emptiness(outcome))

    def _say(self, turn: Turn, text: str, *, at: float) -> Awaitable[object]:
        """Say a piece of the answer; await the result. No coroutine of its own, for this is the hot path."""
        turn.said.append(text)
        if not self._sounding.voiced:
            turn.silent_since = at
        return self._push_llm_text(text) if turn.ttfb_reported else self._say_first(turn, text)

    async def _say_first(self, turn: Turn, text: str) -> None:
        await self._report_ttfb(turn)
        await self._push_llm_text(text)

    def _deadlines(self, turn: Turn, asked_at: float) -> Deadlines:
        retry_after: float | None = None
        if self._retry_on_timeout and self._retry_timeout_secs is not None:
            # As in Pipecat: one that was asked again may take as long as it takes.
            retry_after = self._retry_timeout_secs if turn.attempt == 1 else math.inf
        return Deadlines.of(
            turn.limits, asked_at=asked_at, silent_since=self._silent_since(turn), retry_after=retry_after
        )

    def _silent_since(self, turn: Turn) -> float:
        """Return when the silence began that the caller is in now."""
        return self._sounding.silent_since(turn.silent_since, asyncio.get_running_loop().time())

    def _retries_at_once(self, turn: Turn) -> bool:
        return bool(self._retry_on_timeout) and turn.attempt == 1

    async def _perform(self, turn: Turn, step: Step) -> Finished | Incomplete | None:
        match step:
            case ThoughtStart():
                await self._report_ttfb(turn)
                self._thought_open = True
                await self.push_frame(LLMThoughtStartFrame())
            case ThoughtText(text):
                await self.push_frame(LLMThoughtTextFrame(text=text))
            case ThoughtEnd():
                await self._end_thought()
            case CallStarted():
                await self._report_ttfb(turn)
                await self.stop_ttfat_metrics()
            case ReasoningItem(item_id, summary, encrypted):
                message = {
                    "type": "reasoning",
                    "id": item_id,
                    "summary": summary,
                    "encrypted_content": encrypted,
                }
                await self.push_frame(
                    LLMMessagesAppendFrame([self.get_llm_adapter().create_llm_specific_message(message)])
                )
            case Usage():
                turn.usage.append(step)
            case Finished() | Incomplete():
                return step
            case Failed(failure) | Broken(failure):
                raise TurnBroken(failure)
        return None

    async def _conclude(self, turn: Turn, outcome: Finished | Incomplete) -> list[Call]:
        """Report the tokens and the problems of a response that ended; return the calls to run."""
        if isinstance(outcome, Finished):
            if outcome.silent and not turn.said:
                raise TurnBroken(failure_of_emptiness(outcome))
            if outcome.unusable_calls and not outcome.calls and not turn.said:
                raise TurnBroken(failure_of_calls(outcome))
            self._full_model_name = outcome.model
        if turn.broke_off is not None:
            gone_on = isinstance(outcome, Finished)
            await self._report_interrupted(turn.broke_off if gone_on else turn.text, continued=gone_on)
        await self._report_ttfb(turn)
        await self._report_usage(turn)
        if isinstance(outcome, Incomplete):
            await self._report(outcome.failure, None)
        elif outcome.unusable_calls:
            await self._report(failure_of_calls(outcome), None)
        await self._report_answered()
        return outcome.calls

    async def _give_up(self, turn: Turn, broken: TurnBroken) -> None:
        """End the turn with one error frame."""
        await self._report_ttfb(turn)
        await self.cancel_ttfb_metrics()  # type: ignore[no-untyped-call]
        await self._report_usage(turn)
        if broken.failure.source == "timeout":
            await self._call_event_handler("on_completion_timeout")
        if turn.said:
            await self._report_interrupted(turn.text, continued=False)
        dropped = may_be_a_file(broken.failure) and turn.drop_file()
        await self._report(broken.failure, broken, spoken=bool(turn.said), dropped=dropped)


def _steps_without(stream: ResponseStream, event: Mapping[str, Any] | TextDelta | None) -> Sequence[Step]:
    """The steps that follow from an unreadable event, from the end of the stream, or from an empty event."""
    if event is None:
        return stream.feed_unreadable()
    return stream.end_of_stream() if event is _END else stream.feed(event)
