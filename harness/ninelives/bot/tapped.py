"""A hosted bot without sound: its own workers, in which transports and speech services let frames pass.

In each worker two taps stand directly before and after the processor that is, or contains, its LLM service.
They forward every frame in the task that pushed it, so they see exactly what leaves and enters the service,
in order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.turns.user_mute import MuteUntilFirstBotCompleteUserMuteStrategy

from ninelives.bot.listener import Direction
from ninelives.bot.replace_processors import Replaced, insert, replace
from ninelives.bot.side_models import conversation_in, conversing, models_in, side_models, works_for_others
from ninelives.bot.speech import context_in, everything_in
from ninelives.bot.transport import HostedTransport, Silent, SilentTransport
from ninelives.bot.turn_completion import complete_turns

Forward = Callable[[], Awaitable[None]]
"""Forwards a frame."""

Look = Callable[[Frame, Direction, Forward], Awaitable[None]]
"""What a tap calls with every frame; it must call the last argument."""


class NoLLMService(ValueError):
    """A pipeline has no LLM service to test."""


class TappedWorkers:
    """The workers of one bot, without sound, with taps around their LLM services.

    Args:
        transport: Replaces the bot's own transports.
        before: Sees each frame between the rest of a worker and its LLM service, on the service's input side.
        after: The same on its output side.
        arrives: Sees each frame where a voice would speak it: at the stand-in for text-to-speech, or for the
            output transport if there is no text-to-speech.
    """

    def __init__(
        self, transport: SilentTransport, before: Look, after: Look, arrives: Callable[[Frame], None]
    ) -> None:
        self._transport: HostedTransport = transport
        self._look = before, after
        self._arrives = arrives
        self.speaks = False
        """Whether there is a place where a voice would speak."""
        self._prepared: list[PipelineWorker] = []
        self._aside: list[PipelineWorker] = []
        """Workers that do jobs for the worker with the caller."""
        self.worker: PipelineWorker | None = None
        """The worker with the caller."""
        self.services: list[LLMService[Any]] = []
        """The LLM services between taps: one, or several behind a switcher or in several workers."""
        self.beside: list[LLMService[Any]] = []
        """The LLM services that do not hold the conversation."""

    def prepare(self, worker: PipelineWorker) -> bool:
        """Remove a worker's sound and tap its LLM service, once. Return whether it is the worker with the
        caller.
        """
        if worker not in self._prepared:
            self._prepared.append(worker)
            replaced = replace(worker.pipeline, self._stand_in)
            _unmute(everything_in([worker.pipeline]))
            complete_turns(everything_in([worker.pipeline]), voice=False)
            voices = [each.stand_in for each in replaced if isinstance(each.original, TTSService)]
            beside = side_models(worker.pipeline, lambda each: each in voices)
            if works_for_others(worker, self._has_caller):
                beside = models_in([worker.pipeline])
                self._aside.append(worker)
            self.beside += beside
            self._watch_speech(worker, voices, replaced)
            services = tap(worker.pipeline, *self._look, beside)
            self.services += services
            worker._idle_timeout_secs = None  # only sound shows that a bot is not idle
            has_transport = any(_is_transport(each.original) for each in replaced) or self._has_caller(worker)
            if self.worker is None and (has_transport or (services and not worker.bridged)):
                self.worker = worker
        return worker is self.worker

    def _has_caller(self, worker: PipelineWorker) -> bool:
        own = (self._transport.input(), self._transport.output())
        return worker is self.worker or any(
            _is_transport(each) or each in own for each in everything_in([worker.pipeline])
        )

    def _watch_speech(
        self, worker: PipelineWorker, voices: Sequence[FrameProcessor], replaced: Sequence[Replaced]
    ) -> None:
        conversation = list(conversation_in([worker.pipeline], self.beside))
        voices = [voice for voice in voices if voice in conversation]
        outputs = [each.stand_in for each in replaced if isinstance(each.original, BaseOutputTransport)]
        own = self._transport.output()
        outputs += [each for each in everything_in([worker.pipeline]) if each is own]
        for place in voices or outputs:
            if isinstance(place, Silent):
                place.arrives = self._arrives
                self.speaks = True

    def require_service(self) -> None:
        """Raise NoLLMService if no worker has one so far."""
        if not self.services:
            inside = [each for worker in self._prepared for each in _own(worker.pipeline)]
            there = ", ".join(type(each).__name__ for each in inside) or "only transports and speech services"
            raise NoLLMService(f"this pipeline has no LLM service to listen to; it holds {there}")

    @property
    def processors(self) -> list[FrameProcessor]:
        """Every processor of the bot, including nested ones."""
        return list(everything_in(worker.pipeline for worker in self._prepared))

    @property
    def context(self) -> LLMContext | None:
        """The context of the bot's user aggregator; None if it has none."""
        workers = (each for each in self._prepared if each not in self._aside)
        return context_in(conversation_in((worker.pipeline for worker in workers), self.beside))

    def _stand_in(self, processor: FrameProcessor) -> FrameProcessor | None:
        if _is_transport(processor):
            self._transport.stand_in_for(processor)
        elif not isinstance(processor, STTService | TTSService):
            return None
        return Silent(name=f"silent {processor.name}")


def _unmute(processors: Iterable[FrameProcessor]) -> None:
    """Remove the strategies that mute the user until the bot has spoken aloud, which never happens here."""
    for processor in processors:
        if isinstance(processor, LLMUserAggregator):
            params = processor._params
            params.user_mute_strategies = [
                each
                for each in params.user_mute_strategies
                if not isinstance(each, MuteUntilFirstBotCompleteUserMuteStrategy)
            ]


def _is_transport(processor: FrameProcessor) -> bool:
    return isinstance(processor, BaseInputTransport | BaseOutputTransport)


def _own(pipeline: FrameProcessor) -> list[FrameProcessor]:
    """Yield the processors of a pipeline, including nested ones, without the ends that Pipecat adds."""
    if type(pipeline) is not Pipeline:
        return [] if isinstance(pipeline, Silent | RTVIProcessor) else [pipeline]
    return [each for inside in pipeline.processors[1:-1] for each in _own(inside)]


class Tap(FrameProcessor):
    """Shows every frame and forwards it at once, in the task that pushed it."""

    def __init__(self, look: Look) -> None:
        super().__init__(enable_direct_mode=True)
        self._look = look

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Show the frame."""
        await super().process_frame(frame, direction)
        way: Direction = "down" if direction is FrameDirection.DOWNSTREAM else "up"
        await self._look(frame, way, lambda: self.push_frame(frame, direction))


def tap(
    pipeline: FrameProcessor, before: Look, after: Look, beside: Sequence[FrameProcessor] = ()
) -> Sequence[LLMService[Any]]:
    """Put taps around the first processor that is, or contains, an LLM service that holds the conversation.
    Return these services. `beside`: the services that do not.
    """
    for index, processor in enumerate(pipeline.processors):
        if services := [each for each in models_in([processor]) if all(each is not one for one in beside)]:
            if type(processor) is Pipeline:
                return tap(processor, before, after, beside)
            if len(services) < len(models_in([processor])):
                branch = conversing(processor.processors, beside)
                return tap(processor.processors[branch or 0], before, after, beside)
            assert isinstance(pipeline, Pipeline)
            insert(pipeline, index, Tap(before))
            insert(pipeline, index + 2, Tap(after))
            return services
    return []
