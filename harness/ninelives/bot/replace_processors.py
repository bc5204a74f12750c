"""Replaces processors of a pipeline before it starts, and leaves everything else alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.processors.frame_processor import FrameProcessor

StandIn = Callable[[FrameProcessor], FrameProcessor | None]
"""Return the replacement of a processor; None to keep it."""


@dataclass(frozen=True)
class Replaced:
    """A processor that was replaced."""

    original: FrameProcessor
    stand_in: FrameProcessor
    switcher: ServiceSwitcher[Any] | None
    """The service switcher that contained it."""

    @property
    def active(self) -> bool:
        """Whether its switcher, if it has one, sends frames through it.

        A switcher still chooses among the bot's own services; ours have only taken their places in the
        pipeline.
        """
        return self.switcher is None or self.switcher.strategy.active_service is self.original

    def __str__(self) -> str:
        return f"{type(self.original).__name__} by {type(self.stand_in).__name__}"


def replace(pipeline: FrameProcessor, stand_in: StandIn) -> list[Replaced]:
    """Replace processors of a pipeline, including nested ones. Return what was replaced, in order."""
    return list(_replaced(pipeline, stand_in, None))


def _replaced(
    inside: FrameProcessor, stand_in: StandIn, switcher: ServiceSwitcher[Any] | None
) -> Iterator[Replaced]:
    if isinstance(inside, ServiceSwitcher):
        switcher = inside
    for index, processor in enumerate(list(inside.processors)):
        new = stand_in(processor) if isinstance(inside, Pipeline) else None
        if new is not None and isinstance(inside, Pipeline):
            inside._processors[index] = new
            _link(inside, index)
            yield Replaced(processor, new, switcher)
        else:
            yield from _replaced(processor, stand_in, switcher)


def insert(pipeline: Pipeline, index: int, processor: FrameProcessor) -> None:
    """Insert a processor into a pipeline, before the one at `index`; the source has index 0."""
    pipeline._processors.insert(index, processor)
    _link(pipeline, index)


def place_of(
    pipeline: FrameProcessor, wanted: Callable[[FrameProcessor], bool]
) -> tuple[Pipeline, int] | None:
    """Return the innermost pipeline with a processor of a kind, and its index there; None without one."""
    for index, processor in enumerate(pipeline.processors):
        if isinstance(pipeline, Pipeline) and wanted(processor):
            return pipeline, index
        if (found := place_of(processor, wanted)) is not None:
            return found
    return None


def _link(pipeline: Pipeline, index: int) -> None:
    """Return the neighbor of a processor; there is always one, because a pipeline has a source and a sink."""
    before, processor, after = pipeline.processors[index - 1 : index + 2]
    before.link(processor)
    processor.link(after)
