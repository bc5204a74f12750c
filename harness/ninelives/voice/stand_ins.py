"""The stand-ins of a call, each in place of the bot's own transport, speech recognition or voice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport

from ninelives.bot.replace_processors import Replaced, insert, place_of, replace
from ninelives.bot.side_models import conversation_in, models_in, side_models, works_for_others
from ninelives.bot.speech import context_in, everything_in, turn_controllers
from ninelives.bot.turn_completion import complete_turns
from ninelives.voice.analyzer import ScriptedTurnAnalyzer
from ninelives.voice.ears import Ears
from ninelives.voice.line import Line, LineInput, LineOutput
from ninelives.voice.voice import Voice

_SOUND = (TTSService, BaseInputTransport, BaseOutputTransport)


class StandIns:
    """The stand-ins of one call. The first of each kind is the given one; the others are copies of it."""

    def __init__(self, line: Line, ears: Ears, voice: Voice) -> None:
        self._line = line
        self._ears = [ears]
        self._voices = [voice]
        self._used = {"ears": 0, "voice": 0, "input": 0, "output": 0}
        self._hearing: list[Replaced] = []
        self.replaced: list[str] = []
        """The replacements, for example `CartesiaTTSService by Voice`."""
        self._prepared: list[PipelineWorker] = []
        self._brought_sound = False
        self.beside: list[LLMService[Any]] = []
        """Models that do not hold the conversation: their text reaches no voice, or another one."""
        self.worker: PipelineWorker | None = None
        """The worker with the line."""

    def prepare(self, worker: PipelineWorker) -> bool:
        """Replace parts of a worker before it starts. Return whether it is the worker with the line."""
        self._prepared.append(worker)
        replaced = replace(worker.pipeline, self._stand_in)
        self._hearing += [each for each in replaced if isinstance(each.stand_in, Ears)]
        self.replaced += [str(each) for each in replaced]
        self._brought_sound |= any(isinstance(each.original, _SOUND) for each in replaced)
        complete_turns(everything_in([worker.pipeline]), voice=True)
        self._script_turns(everything_in([worker.pipeline]))
        aside = works_for_others(worker, _has_transport)
        models = models_in([worker.pipeline])
        if aside:
            self.beside += models
        if self.worker is not None or aside:
            return False
        if not _has_transport(worker) and (worker.bridged or not models):
            return False
        self._complete(worker.pipeline)
        self.beside += side_models(worker.pipeline, lambda each: isinstance(each, Voice))
        self.worker = worker
        self._mute_other_models()
        return True

    def _stand_in(self, processor: FrameProcessor) -> FrameProcessor | None:
        match processor:
            case LineInput() | LineOutput() | Ears() | Voice():
                return None
            case STTService():
                return self._next_ears().stand_in_for(processor)
            case TTSService():
                return self._next_voice().stand_in_for(processor)
            case BaseInputTransport():
                self._line.stand_in_for(processor)
                return self._line.input() if self._first("input") else LineInput(self._line)
            case BaseOutputTransport():
                self._line.stand_in_for(processor)
                return self._line.output() if self._first("output") else LineOutput(self._line)
        return None

    def _complete(self, pipeline: FrameProcessor) -> None:
        """Add stand-ins to a pipeline that has no transports, speech recognition or voice."""
        assert isinstance(pipeline, Pipeline)
        if (first := place_of(pipeline, lambda each: isinstance(each, LineInput))) is None:
            whole = _whole(pipeline)
            insert(whole, 1, self._line.input())
            first = whole, 1
        if not self._hearing and place_of(pipeline, lambda each: isinstance(each, Ears)) is None:
            ears = self._next_ears()
            insert(first[0], first[1] + 1, ears)
            self._hearing.append(Replaced(ears, ears, None))
        for own in everything_in([pipeline]):  # a bot may have ours from the start
            if isinstance(own, Ears) and all(each.stand_in is not own for each in self._hearing):
                self._hearing.append(Replaced(own, own, None))
        model = place_of(pipeline, lambda each: isinstance(each, LLMService))
        if model is not None and place_of(pipeline, lambda each: isinstance(each, Voice)) is None:
            insert(model[0], model[1] + 1, self._next_voice())
        if place_of(pipeline, lambda each: isinstance(each, LineOutput)) is None:
            voice = place_of(pipeline, lambda each: isinstance(each, Voice))
            assert voice is not None
            insert(voice[0], voice[1] + 1, self._line.output())

    def _script_turns(self, processors: Iterable[FrameProcessor]) -> None:
        inside = list(processors)
        for each in inside:
            if isinstance(each, LLMUserAggregator) and each._params.vad_analyzer is not None:
                self.replaced.append(f"{type(each._params.vad_analyzer).__name__} by Ears")
                each._params.vad_analyzer = None
        for controller in turn_controllers(inside):
            for strategy in controller.user_turn_strategies.stop or []:
                innermost: Any = strategy
                while hasattr(innermost, "inner"):
                    innermost = innermost.inner
                analyzer = getattr(innermost, "_turn_analyzer", None)
                if analyzer is not None:
                    innermost._turn_analyzer = ScriptedTurnAnalyzer()
                    self.replaced.append(f"{type(analyzer).__name__} by ScriptedTurnAnalyzer")

    def _mute_other_models(self) -> None:
        """Let the caller listen to the conversation: to its track, and not to the words of another model."""
        heard = [each for each in self.conversation if isinstance(each, Voice)]
        voices = [each for each in self.on_the_line if isinstance(each, Voice)]
        for voice in voices:
            voice.words_count = voice in heard
        self._line.serve(voice._transport_destination for voice in [*heard, *voices])

    def _next_ears(self) -> Ears:
        return self._ears[0] if self._first("ears") else self._ears[0].another()

    def _next_voice(self) -> Voice:
        if not self._first("voice"):
            self._voices.append(self._voices[0].another())
        return self._voices[-1]

    def _first(self, kind: str) -> bool:
        self._used[kind] += 1
        return self._used[kind] == 1

    # --- while it runs -------------------------------------------------------------------------------------

    @property
    def on_the_line(self) -> list[FrameProcessor]:
        """Every processor of the worker with the line, including nested ones."""
        return list(everything_in([self.worker.pipeline])) if self.worker is not None else []

    @property
    def conversation(self) -> list[FrameProcessor]:
        """The same processors, without branches of models other than the one that the caller talks to."""
        inside = [self.worker.pipeline] if self.worker is not None else []
        return list(conversation_in(inside, self.beside))

    @property
    def processors(self) -> list[FrameProcessor]:
        """Every processor of all of the bot's workers, including nested ones."""
        return list(everything_in(worker.pipeline for worker in self._prepared))

    @property
    def services(self) -> list[LLMService[Any]]:
        """The LLM services that the caller hears: one, or several behind a switcher or in several workers."""
        return [each for each in self.processors if isinstance(each, LLMService) and self.is_heard(each)]

    @property
    def hearing(self) -> list[Ears]:
        """The ears that hear the caller now: those of the active service, if they are behind a service
        switcher.
        """
        return [each.stand_in for each in self._hearing if each.active and isinstance(each.stand_in, Ears)]

    @property
    def speaks(self) -> bool:
        """Whether the bot has text-to-speech or a transport of its own."""
        return self._brought_sound

    def is_heard(self, model: FrameProcessor) -> bool:
        """Whether the caller hears what a model says. One that takes notes in a branch is not heard."""
        return model not in self.beside

    @property
    def silent(self) -> bool:
        """Whether no voice is producing sound."""
        return not any(each.at_work for each in self._voices)

    @property
    def context(self) -> LLMContext | None:
        """The context of the bot's user aggregator; None if it has none."""
        return context_in(self.conversation)

    @property
    def proposes(self) -> bool:
        """Whether the bot leaves its user's turns to its speech service."""
        return any(
            controller.resolves_proposed_turn_start_frames or controller.resolves_proposed_turn_stop_frames
            for controller in turn_controllers(self.on_the_line)
        )


def _has_transport(worker: PipelineWorker) -> bool:
    return any(
        isinstance(each, BaseInputTransport | BaseOutputTransport)
        for each in everything_in([worker.pipeline])
    )


def _whole(pipeline: Pipeline) -> Pipeline:
    """Return the user's own pipeline inside that of its worker, behind RTVI."""
    inside = [each for each in pipeline.processors if isinstance(each, Pipeline)]
    return inside[0] if inside else pipeline
