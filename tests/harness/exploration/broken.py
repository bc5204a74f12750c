"""Our own services, each with one defect: the smallest that breaks one promise, and no other if possible."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from ninelives.lab.services import KEY
from pipecat.frames.frames import LLMFullResponseEndFrame
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService, Timeouts


class _Noting:
    """What the defects below need to know: what was spoken, and whether an answer broke off."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"continue_after_loss": False, **given})
        self.spoken = ""
        self.broke = False
        self.cut = ""

    async def _push_llm_text(self, text: str) -> None:
        self.spoken += text
        await super()._push_llm_text(text)  # type: ignore[misc]

    async def _report(self, failure: Any, error: Any, **given: Any) -> None:
        self.broke = self.broke or bool(given.get("spoken"))
        await super()._report(failure, error, **given)  # type: ignore[misc]

    async def _answer(self, context: Any) -> None:
        self.spoken = ""
        try:
            await super()._answer(context)  # type: ignore[misc]
        except asyncio.CancelledError:
            self.cut = self.spoken or "x"
            raise


class BeginsAgain(_Noting, OpenAIResponsesHttpLLMService):
    """I1: after a loss in mid-sentence the answer is begun again from its first word."""

    def _delay_before_next(self, turn: Any, failure: Any) -> float | None:
        if turn.said and turn.attempt == 1:
            turn.said, turn.broke_off = [], None
            return 0.0
        return super()._delay_before_next(turn, failure)


class SpeaksTheOldAnswer(_Noting, OpenAIResponsesLLMService):
    """I2: what was cut off is spoken in the next turn."""

    async def _process_context(self, context: Any) -> None:
        if len(self.cut) > 1:
            cut, self.cut = self.cut, ""
            await self._push_llm_text(cut)
        await super()._process_context(context)


class RunsToolsTwice(_Noting, OpenAIResponsesHttpLLMService):
    """I3: every call is run twice."""

    async def run_function_calls(self, function_calls: Any) -> None:
        await super().run_function_calls([*function_calls, *function_calls])


class NeverEnds(_Noting, OpenAIResponsesLLMService):
    """I4: no end frame after an answer that broke off."""

    async def push_frame(self, frame: Any, *more: Any) -> None:
        if not (self.broke and isinstance(frame, LLMFullResponseEndFrame)):
            await super().push_frame(frame, *more)


class GivesUp(_Noting, OpenAIResponsesLLMService):
    """I5: the first failure is final, though nothing had been spoken."""

    def _delay_before_next(self, turn: Any, failure: Any) -> float | None:
        return None


class KeepsWhatWasSpoken(_Noting, OpenAIResponsesHttpLLMService):
    """I6: nobody learns what had been spoken when the answer broke off."""

    async def _call_event_handler(self, event_name: str, *more: Any) -> None:
        if event_name != "on_response_interrupted":
            await super()._call_event_handler(event_name, *more)


class ForgetsAfterALoss(_Noting, OpenAIResponsesHttpLLMService):
    """I7: after a loss the model is told the last question alone."""

    async def _request_of(self, *given: Any) -> Any:
        body, names = await super()._request_of(*given)
        if self.broke:
            questions = [at for at, item in enumerate(body["input"]) if item.get("role") == "user"]
            body["input"] = body["input"][questions[-1] :]
        return body, names


class ReconnectsAfterACut(_Noting, OpenAIResponsesLLMService):
    """I8: an interruption costs the connection, and the next turn waits for a new one."""

    async def _process_context(self, context: Any) -> None:
        if self.cut:
            self.cut = ""
            await self._pool.stop()
            self._pool.start()
        await super()._process_context(context)


class ReportsTwice(_Noting, OpenAIResponsesLLMService):
    """I9: one failure, two error frames."""

    async def _report(self, failure: Any, error: Any, **given: Any) -> None:
        await super()._report(failure, error, **given)
        await super()._report(failure, error, **given)


class FailsInSilence(_Noting, OpenAIResponsesHttpLLMService):
    """I9: an answer breaks off and nobody is told."""

    async def _report(self, failure: Any, error: Any, **given: Any) -> None:
        return None


class GivesUpForGood(_Noting, OpenAIResponsesHttpLLMService):
    """I9: every failure is permanent."""

    async def push_error(self, *given: Any, **more: Any) -> None:
        self._usable_through_errors = False
        await super().push_error(*given, **{**more, "force_treat_as_permanent": True})


class TriesAgainTooLate(_Noting, OpenAIResponsesLLMService):
    """I10: after a failure it waits for twelve seconds before it asks again."""

    def _delay_before_next(self, turn: Any, failure: Any) -> float | None:
        delay = super()._delay_before_next(turn, failure)
        if delay is None or turn.said:
            return delay
        turn.silent_since += 12.0
        return 12.0


class WaitsForASilentServer(_Noting, OpenAIResponsesHttpLLMService):
    """I10: a stream that falls silent is given up only after twenty seconds."""

    def __init__(self, **given: Any) -> None:
        patient = Timeouts(recover=40.0, first_event=20.0, first_output=20.0, between_events=20.0)
        super().__init__(timeouts=patient, **given)


BROKEN: dict[type[Any], str] = {
    BeginsAgain: "I1",
    SpeaksTheOldAnswer: "I2",
    RunsToolsTwice: "I3",
    NeverEnds: "I4",
    GivesUp: "I5",
    KeepsWhatWasSpoken: "I6",
    ForgetsAfterALoss: "I7",
    ReconnectsAfterACut: "I8",
    ReportsTwice: "I9",
    FailsInSilence: "I9",
    GivesUpForGood: "I9",
    TriesAgainTooLate: "I10",
    WaitsForASilentServer: "I10",
}
"""Each defect and the promise it breaks."""


def factory_of(kind: type[Any]) -> Callable[[str, str], Any]:
    """A factory of a service with a defect."""

    def build(base_url: str, ws_url: str) -> Any:
        socket = {"ws_url": ws_url} if issubclass(kind, OpenAIResponsesLLMService) else {}
        return kind(api_key=KEY, base_url=base_url, rng=random.Random(0), **socket)

    build.__module__, build.__qualname__ = kind.__module__, kind.__name__
    return build
