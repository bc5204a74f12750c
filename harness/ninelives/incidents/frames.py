"""Turns Pipecat's frames into notes: of each relevant kind, the fields that the promises need.

Frames are looked up by class, so that irrelevant ones (above all audio) cost only a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMarkerFrame,
    LLMTextFrame,
    LLMThoughtEndFrame,
    LLMThoughtStartFrame,
    LLMThoughtTextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService

from ninelives.cassette.items import content_text

Noted = tuple[str, Any, int]
"""A kind, its data, and its approximate size in bytes."""

Reader = Callable[[FramePushed], Noted | None]

_DOWN = FrameDirection.DOWNSTREAM
_LONGEST_RESULT = 4096
"""The most characters that are kept of a tool's result."""


def noted(push: FramePushed) -> Noted | None:
    """Return the note of a frame that was pushed for the first time; None if the frame is irrelevant."""
    reader = _reader(type(push.frame))  # type: ignore[arg-type]  # classes can be hashed
    return None if reader is None else reader(push)


@cache
def _reader(kind: Any) -> Reader | None:
    """Return the reader for frames of a class: that of the nearest relevant class. None: it is irrelevant."""
    return next((_READERS[base] for base in kind.__mro__ if base in _READERS), None)


def _plain(kind: str) -> Reader:
    return lambda push: (kind, None, 0)


def _text(kind: str) -> Reader:
    return lambda push: (kind, push.frame.text, len(push.frame.text))  # type: ignore[attr-defined]


def _down(read: Reader) -> Reader:
    return lambda push: read(push) if push.direction is _DOWN else None


def _of_model(read: Reader) -> Reader:
    """Keep a frame only if an LLM service pushed it downstream."""
    return _down(lambda push: read(push) if isinstance(push.source, LLMService) else None)


def _spoken(push: FramePushed) -> Noted | None:
    frame: Any = push.frame
    return None if frame.skip_tts else ("text", frame.text, len(frame.text))


def _context(push: FramePushed) -> Noted | None:
    frame: Any = push.frame
    messages = frame.context.get_messages()
    last = messages[-1] if messages else None
    data: dict[str, Any] = {"messages": len(messages), "role": None}
    if isinstance(last, Mapping):
        data["role"] = last.get("role")
        if data["role"] == "user":
            data["user"] = content_text(last.get("content"))
    return "context", data, len(data.get("user") or "")


def _error(push: FramePushed) -> Noted | None:
    frame: Any = push.frame
    by = frame.processor or push.source
    data = {
        "message": frame.error,
        "category": frame.category.value if frame.category is not None else "unknown",
        "permanent": frame.processor is not None and not frame.processor.is_usable,
        "by": type(by).__name__,
        "model": isinstance(by, LLMService),
    }
    return "error", data, len(frame.error)


def _started(push: FramePushed) -> Noted | None:
    frame: Any = push.frame
    return "calls", [call.tool_call_id for call in frame.function_calls], 40 * len(frame.function_calls)


def _running(push: FramePushed) -> Noted | None:
    frame: Any = push.frame
    arguments = frame.arguments if isinstance(frame.arguments, Mapping) else {}
    data = {
        "call_id": frame.tool_call_id,
        "name": frame.function_name,
        "arguments": dict(arguments),
        "waits": frame.cancel_on_interruption,
    }
    return "call", data, 200 + len(str(arguments))


def _result(push: FramePushed) -> Noted | None:
    frame: Any = push.frame
    final = frame.properties is None or frame.properties.is_final
    result = str(frame.result)[:_LONGEST_RESULT]
    return "result", {"call_id": frame.tool_call_id, "result": result, "final": final}, 100 + len(result)


def _cancelled(push: FramePushed) -> Noted | None:
    frame: Any = push.frame
    return "cancel", frame.tool_call_id, 40


_READERS: Mapping[type[Frame], Reader] = {
    LLMTextFrame: _of_model(_spoken),
    LLMFullResponseStartFrame: _of_model(_plain("start")),
    LLMFullResponseEndFrame: _of_model(_plain("end")),
    LLMMarkerFrame: _of_model(lambda push: ("marker", push.frame.marker, 10)),  # type: ignore[attr-defined]
    LLMThoughtStartFrame: _of_model(_plain("thought_start")),
    LLMThoughtTextFrame: _text("thought"),
    LLMThoughtEndFrame: _of_model(_plain("thought_end")),
    LLMContextFrame: _context,
    TranscriptionFrame: _text("transcription"),
    TTSSpeakFrame: _text("speak"),
    InterruptionFrame: _plain("interruption"),
    ErrorFrame: _error,
    FunctionCallsStartedFrame: _down(_started),
    FunctionCallInProgressFrame: _down(_running),
    FunctionCallResultFrame: _down(_result),
    FunctionCallCancelFrame: _cancelled,
    UserStartedSpeakingFrame: _down(_plain("user_started")),
    UserStoppedSpeakingFrame: _down(_plain("user_stopped")),
    BotStartedSpeakingFrame: _down(_plain("bot_started")),
    BotStoppedSpeakingFrame: _down(_plain("bot_stopped")),
}
