"""How the bot's user speaks, without a microphone.

Strategy: a speech-to-text service with its own turn detection proposes where a user's turn begins and ends,
and sends the words in between; Pipecat's user aggregator decides, announces the turn, interrupts the bot and
runs the model. `SpokenTurns` does the same: proposals and a transcription. So a barge-in has the same effects
as in a real bot, without voice detection and timers. A pipeline whose aggregator requires other turn
strategies (or that has none) gets text instead (`TypedTurns`): an interruption if the bot is busy, then a
message appended to the context.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    ServiceMetadataFrame,
    TranscriptionFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import ExternalUserTurnStartStrategy
from pipecat.turns.user_stop import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_controller import UserTurnController
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601

SPEAKER = "user"


class StopWhenProposed(BaseUserTurnStopStrategy):  # type: ignore[no-untyped-call]
    """Ends the user's turn when the speech service proposes it.

    Pipecat's own strategy checks a timer twice a second for late transcriptions. Ours are never late.
    """

    @property
    def resolves_proposed_turn_stop_frames(self) -> bool:
        """Stop the proposal here: this strategy decides."""
        return True

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """End the turn."""
        if isinstance(frame, ProposedUserStoppedSpeakingFrame):
            await self.trigger_user_turn_stopped()
        return ProcessFrameResult.CONTINUE


def turn_strategies() -> UserTurnStrategies:
    """Return strategies by which turns begin and end where proposed; a beginning interrupts the bot."""
    return UserTurnStrategies(start=[ExternalUserTurnStartStrategy()], stop=[StopWhenProposed()])


class Speech(Protocol):
    """The frames of a user's actions, in order."""

    def cuts_in(self, busy: bool) -> list[Frame]:
        """Return the frames for beginning to speak. `busy`: whether the bot has an open turn."""

    def says(self, text: str) -> list[Frame]:
        """Return the frames for `text` and for stopping to speak."""

    def hums(self) -> list[Frame]:
        """Return the frames for stopping to speak without words."""


class SpokenTurns:
    """Speech by proposals and a transcription, as a speech service does it."""

    def __init__(self) -> None:
        self._speaking = False

    def cuts_in(self, busy: bool) -> list[Frame]:
        """Propose that a turn starts, unless the user is speaking already."""
        if self._speaking:
            return []
        self._speaking = True
        return [ProposedUserStartedSpeakingFrame()]

    def says(self, text: str) -> list[Frame]:
        """Return the words, and the proposal that the turn is over. They are not system frames, so their
        order is kept.
        """
        self._speaking = False
        words = TranscriptionFrame(text=text, user_id=SPEAKER, timestamp=time_now_iso8601())
        return [words, ProposedUserStoppedSpeakingFrame()]

    def hums(self) -> list[Frame]:
        """Propose that the turn is over."""
        self._speaking = False
        return [ProposedUserStoppedSpeakingFrame()]


class TypedTurns:
    """Text instead of speech: an interruption if there is something to interrupt, and a message."""

    def cuts_in(self, busy: bool) -> list[Frame]:
        """Interrupt the bot, if it is doing anything."""
        return [InterruptionFrame()] if busy else []

    def says(self, text: str) -> list[Frame]:
        """Append the message and run the model."""
        return [LLMMessagesAppendFrame(messages=[{"role": "user", "content": text}], run_llm=True)]

    def hums(self) -> list[Frame]:
        """Return nothing: typing makes no noise."""
        return []


def announcement() -> Frame:
    """Recommend our turn strategies to a user's own aggregator, as a speech service with turn detection
    does.
    """
    return ServiceMetadataFrame(service_name="ninelives.Bot", user_turn_strategies=turn_strategies())


def understood_by(processors: Iterable[FrameProcessor]) -> Speech:
    """Return how to speak to a pipeline that got the announcement."""
    for processor in everything_in(processors):
        if isinstance(processor, LLMUserAggregator):
            controller = getattr(processor, "_user_turn_controller", None)
            starts = getattr(controller, "resolves_proposed_turn_start_frames", False)
            stops = getattr(controller, "resolves_proposed_turn_stop_frames", False)
            return SpokenTurns() if starts and stops else TypedTurns()
    return TypedTurns()


def context_in(processors: Iterable[FrameProcessor]) -> LLMContext | None:
    """Return the context of the first user aggregator among processors; None if there is none."""
    return next((each.context for each in processors if isinstance(each, LLMUserAggregator)), None)


def turn_controllers(processors: Iterable[FrameProcessor]) -> Iterable[UserTurnController]:
    """Yield the processors that decide where turns of the user begin and end."""
    for processor in processors:
        controller = getattr(processor, "_user_turn_controller", None)
        if isinstance(controller, UserTurnController):
            yield controller


def turn_starts(processors: Iterable[FrameProcessor]) -> list[str]:
    """Return the kinds of strategies that begin turns of the user."""
    starts = (each.user_turn_strategies.start or [] for each in turn_controllers(processors))
    return list(dict.fromkeys(type(each).__name__ for some in starts for each in some))


def everything_in(processors: Iterable[FrameProcessor]) -> Iterable[FrameProcessor]:
    """Yield processors, and those inside them."""
    for processor in processors:
        yield processor
        yield from everything_in(processor.processors)
