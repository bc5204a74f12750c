"""Makes turns out of frames: who said what, what is still open, and when a turn may be over.

A state machine without tasks or sockets. It gets every frame that leaves or enters the service, with the
time, and keeps the turns. `quiet` is True if no response is open and no tool runs that the answer waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from pipecat.frames.frames import (
    AggregatedTextFrame,
    ErrorFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    HeartbeatFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMThoughtStartFrame,
    LLMThoughtTextFrame,
    MetricsFrame,
    OutputTransportMessageUrgentFrame,
    PipelineFlushFrame,
    TextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, MetricsData

from ninelives.bot.turn import Captured, Frames, Heard, ReportedError, ToolCall, Turn

Direction = Literal["down", "up"]

RTVI = "rtvi-ai"
"""The label of Pipecat's messages to its clients."""

_NOT_SPOKEN = (TranscriptionFrame, InterimTranscriptionFrame, AggregatedTextFrame)


class Listener:
    """Follows one bot's conversation.

    `on_change` is called after every frame; `on_unasked` when the bot begins to speak although no turn is
    open.
    """

    def __init__(self, on_change: Callable[[], None], on_unasked: Callable[[float], Turn]) -> None:
        self.turns: list[Turn] = []
        self.frames = Frames()
        self.errors: list[ReportedError] = []
        self.results = 0
        """How many tools have ended; the answers to their results may still be under way."""
        self.speaks = False
        """Whether the pipeline has a place where a voice would speak."""
        self._on_change = on_change
        self._on_unasked = on_unasked
        self._open = 0
        self._calls: dict[str, bool] = {}
        """Calls that have not ended, by id; the value is whether the answer waits for the call."""

    @property
    def turn(self) -> Turn | None:
        """The open turn; None if there is none."""
        if self.turns and self.turns[-1].ended is None:
            return self.turns[-1]
        return None

    @property
    def quiet(self) -> bool:
        """Whether no response is open and no tool runs that a response waits for."""
        return self._open == 0 and not any(self._calls.values())

    @property
    def pending(self) -> str:
        """Describe what is still open."""
        waits = [f"{self._open} response(s) that started but did not end"] if self._open else []
        waits += [f"tool call {call_id}" for call_id, awaited in self._calls.items() if awaited]
        return ", ".join(waits) or "the pipeline has not drained: a processor is busy or blocked"

    def begin(self, turn: Turn) -> None:
        """Open a new turn now; the one before is closed."""
        if self.turns and self.turns[-1].ended is None and not self.turns[-1].timed_out:
            self.turns[-1].ended = turn.began
        self._open = 0
        turn.frames.virtual = self.frames.virtual
        turn.arrivals = [] if self.speaks else None
        self.turns.append(turn)

    def leaves(self, at: float, direction: Direction, frame: Frame) -> None:
        """Note a frame that left the service."""
        if isinstance(frame, PipelineFlushFrame | HeartbeatFrame) or _is_rtvi(frame):
            return
        speaks = direction == "down" and (isinstance(frame, LLMFullResponseStartFrame) or bool(spoken(frame)))
        if self.turn is None and speaks:
            self._on_unasked(at)
        captured = Captured(at, direction, frame)
        self.frames.append(captured)
        if self.turn is not None:
            self.turn.frames.append(captured)
        if direction == "down":
            self._down(at, frame)
        elif isinstance(frame, ErrorFrame):
            self._error(at, frame)
        self._on_change()

    def arrives(self, at: float, frame: Frame) -> None:
        """Note a frame at the place where a voice would speak it."""
        if self.turns and (arrivals := self.turns[-1].arrivals) is not None and spoken(frame):
            arrivals.append(at)

    def cut_in(self, at: float, frame: Frame) -> bool:
        """Note a frame that is about to enter the service from above; return whether it interrupts."""
        if not isinstance(frame, InterruptionFrame):
            return False
        if self.turn is not None and self.turn.interrupted is None:
            self.turn.interrupted = at
        return True

    def asked(self, at: float) -> None:
        """Note that a context reached a model of the conversation."""
        if self.turn is not None and self.turn.reached_model is None:
            self.turn.reached_model = at

    def lost(self, spoken_text: str) -> None:
        """Note that a response broke off, and what the service says had been spoken."""
        if self.turns:
            self.turns[-1].spoken_before_loss.append(spoken_text)

    def _down(self, at: float, frame: Frame) -> None:
        turn = self.turns[-1] if self.turns else None
        match frame:
            case LLMFullResponseStartFrame():
                self._open += 1
            case LLMFullResponseEndFrame():
                self._open = max(0, self._open - 1)
            case FunctionCallsStartedFrame():
                for call in frame.function_calls:
                    self._calls[call.tool_call_id] = True
            case FunctionCallInProgressFrame():
                self._calls[frame.tool_call_id] = frame.cancel_on_interruption
            case FunctionCallResultFrame():
                if frame.properties is None or frame.properties.is_final:
                    self._calls.pop(frame.tool_call_id, None)
                    self.results += 1
            case FunctionCallCancelFrame():
                self._calls.pop(frame.tool_call_id, None)
            case _:
                pass
        if turn is not None:
            _note(turn, at, frame)

    def _error(self, at: float, frame: ErrorFrame) -> None:
        category = frame.category
        usable = frame.processor is None or frame.processor.is_usable
        error = ReportedError(
            at=at,
            message=frame.error,
            category=category.value if category is not None else "unknown",
            permanent=not usable,
        )
        self.errors.append(error)
        if self.turn is not None:
            self.turn.errors.append(error)


def _is_rtvi(frame: Frame) -> bool:
    """Whether a frame is Pipecat's report to its client about frames that are noted here."""
    return (
        isinstance(frame, OutputTransportMessageUrgentFrame)
        and isinstance(frame.message, Mapping)
        and frame.message.get("label") == RTVI
    )


def spoken(frame: Frame) -> str:
    """Return the text of a frame that a voice would speak; empty for other frames."""
    if isinstance(frame, TTSSpeakFrame):
        return frame.text
    if isinstance(frame, TextFrame) and not isinstance(frame, _NOT_SPOKEN) and not frame.skip_tts:
        return frame.text
    return ""


def _note(turn: Turn, at: float, frame: Frame) -> None:
    """Add a frame on its way down to its turn."""
    if text := spoken(frame):
        turn.heard.append(Heard(at, text))
        return
    match frame:
        case LLMThoughtStartFrame():
            turn.thoughts.append("")
        case LLMThoughtTextFrame():
            if turn.thoughts:
                turn.thoughts[-1] += frame.text
            else:
                turn.thoughts.append(frame.text)
        case FunctionCallInProgressFrame():
            arguments = frame.arguments if isinstance(frame.arguments, Mapping) else {}
            turn.calls.append(ToolCall(at, frame.tool_call_id, frame.function_name, arguments))
        case FunctionCallResultFrame():
            for index, call in enumerate(turn.calls):
                if call.call_id == frame.tool_call_id and call.result is None:
                    turn.calls[index] = replace(call, result=frame.result, ended=at)
                    break
        case MetricsFrame():
            turn.metrics += [_measured(data) for data in frame.data]
            turn.usage += [_usage(data) for data in frame.data if isinstance(data, LLMUsageMetricsData)]
        case _:
            pass


def _measured(data: MetricsData) -> Mapping[str, Any]:
    kind = type(data).__name__.removesuffix("MetricsData")
    return {"kind": kind, **data.model_dump(exclude_none=True)}


def _usage(data: LLMUsageMetricsData) -> Mapping[str, Any]:
    return data.value.model_dump(exclude_none=True)
