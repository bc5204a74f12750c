"""Models beside the one that holds the conversation: a judge of what is said, or one in another language.

The caller hears one conversation, so a bot is judged by one of its models. The others are recognized by their
place: no voice follows them, or they are in a later branch of a `ParallelPipeline` than another model that is
heard, or in a worker that does jobs for the worker with the caller. Models that take turns (behind a service
switcher, in several workers with a bridge to the caller's) are not beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

from ninelives.bot.speech import everything_in

IsVoice = Callable[[FrameProcessor], bool]


def side_models(pipeline: FrameProcessor, is_voice: IsVoice) -> list[LLMService[Any]]:
    """Return the models of a pipeline that do not hold the conversation.

    In a pipeline without any voice, only models beside another one count.
    """
    silent = _voiceless(pipeline, is_voice) if any(map(is_voice, everything_in([pipeline]))) else []
    return [*silent, *_second(pipeline, silent)]


def conversing(branches: Sequence[FrameProcessor], silent: Sequence[FrameProcessor]) -> int | None:
    """Return the index of the first branch with a model that is not silent; None if no branch has one."""
    models = [[model for model in models_in([branch]) if model not in silent] for branch in branches]
    return next((index for index, found in enumerate(models) if found), None)


def models_in(processors: Iterable[FrameProcessor]) -> list[LLMService[Any]]:
    """Return the LLM services among processors, including nested ones."""
    return [each for each in everything_in(processors) if isinstance(each, LLMService)]


def conversation_in(
    processors: Iterable[FrameProcessor], beside: Sequence[FrameProcessor]
) -> Iterator[FrameProcessor]:
    """Yield processors, including nested ones, without the branches in which all models are `beside`."""
    for processor in processors:
        yield processor
        branches = divides(processor)
        inside = [each for each in processor.processors if not (branches and _only(each, beside))]
        yield from conversation_in(inside, beside)


def works_for_others(worker: PipelineWorker, has_caller: Callable[[PipelineWorker], bool]) -> bool:
    """Whether a worker answers another one of its runner, and not the caller: it has no bridge to the caller,
    and another worker has the caller. `has_caller`: whether a worker has a transport.
    """
    if worker.bridged or has_caller(worker) or worker._worker_runner is None:
        return False
    peers = [entry.worker for entry in worker._worker_runner._entries.values()]
    return any(has_caller(peer) for peer in peers if isinstance(peer, PipelineWorker))


def divides(processor: FrameProcessor) -> bool:
    """Whether the branches of a processor work at the same time."""
    return isinstance(processor, ParallelPipeline) and not isinstance(processor, ServiceSwitcher)


def _voiceless(pipeline: FrameProcessor, is_voice: IsVoice, *, heard: bool = False) -> list[LLMService[Any]]:
    """Return the models that no voice follows. `heard`: a voice follows the pipeline."""
    found: list[LLMService[Any]] = []
    in_order = isinstance(pipeline, Pipeline)
    for processor in reversed(pipeline.processors):
        if isinstance(processor, LLMService) and not heard:
            found.append(processor)
        found += _voiceless(processor, is_voice, heard=heard)
        if in_order and any(map(is_voice, everything_in([processor]))):
            heard = True
    return found


def _second(pipeline: FrameProcessor, silent: Sequence[FrameProcessor]) -> list[LLMService[Any]]:
    """Return the models in branches beside the first one with a model that is heard."""
    found: list[LLMService[Any]] = []
    first = conversing(pipeline.processors, silent) if divides(pipeline) else None
    for index, processor in enumerate(pipeline.processors):
        if first is not None and index != first:
            found += [model for model in models_in([processor]) if model not in silent]
        else:
            found += _second(processor, silent)
    return found


def _only(branch: FrameProcessor, beside: Sequence[FrameProcessor]) -> bool:
    models = models_in([branch])
    return bool(models) and all(model in beside for model in models)
