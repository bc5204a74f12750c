"""Where a bot performs: the pipeline with two taps in it, and Pipecat's worker and runner around it.

The taps stand directly before and after the processor that is, or contains, the LLM service. They forward
every frame in the task that pushed it, so what they see is exactly what leaves and enters the service, in
order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from pipecat.frames.frames import EndFrame, Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.workers.runner import WorkerRunner

from ninelives.bot.listener import Direction

START_BOUND = 45.0
"""Seconds within which the pipeline must have started; Pipecat's own two bounds for that add up to 40."""

FLUSH_QUIET = 5.0
"""Seconds without a frame after which a flush probe counts as swallowed by a processor of the user's."""

Forward = Callable[[], Awaitable[None]]
"""Sends a frame on its way."""

Look = Callable[[Frame, Direction, Forward], Awaitable[None]]
"""What a tap calls with every frame; it has to call the last argument."""


class NoLLMService(ValueError):
    """There is nothing to test in a pipeline."""


class Stage:
    """One pipeline, from its start to its end. Raises NoLLMService when there is no LLM service in it."""

    def __init__(self, pipeline: Sequence[FrameProcessor] | Pipeline, before: Look, after: Look) -> None:
        self.processors = list(pipeline.processors[1:-1] if isinstance(pipeline, Pipeline) else pipeline)
        """The processors in order, taps included, without the source and sink that Pipecat adds."""
        self.services = self._tap(before, after)
        """The LLM services between the taps: one, or several behind a switcher."""
        self.worker: PipelineWorker
        self._running: asyncio.Task[None]

    def _tap(self, before: Look, after: Look) -> list[LLMService[Any]]:
        for index, processor in enumerate(self.processors):
            if services := list(_services([processor])):
                self.processors[index : index + 1] = [Tap(before), processor, Tap(after)]
                return services
        there = ", ".join(type(p).__name__ for p in self.processors) or "nothing else"
        raise NoLLMService(f"there is no LLM service in this pipeline to listen to, only {there}")

    async def start(self, complaints: Callable[[], list[str]]) -> None:
        """Run the pipeline. RuntimeError, with the complaints until then, when it does not start in time."""
        self.worker = PipelineWorker(
            Pipeline(self.processors),
            params=PipelineParams(
                enable_metrics=True, enable_usage_metrics=True, send_initial_empty_metrics=False
            ),
            cancel_on_idle_timeout=False,
            idle_timeout_secs=None,
            enable_rtvi=False,
            enable_turn_tracking=False,
        )
        ready = asyncio.Event()
        self.worker.add_event_handler("on_pipeline_started", lambda *_: ready.set())
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        self._running = asyncio.create_task(runner.run(), name="ninelives bot")
        starting = asyncio.create_task(ready.wait(), name="ninelives bot starts")
        try:
            await asyncio.wait(
                [starting, self._running], timeout=START_BOUND, return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            self.abandon()
            raise
        finally:
            starting.cancel()
        if not ready.is_set():
            await self.cut_off("it did not start")
            raise RuntimeError(
                "the pipeline did not start: a processor was busy connecting, or failed. Errors so far: "
                + ("; ".join(complaints()) or "none")
            )

    async def queue(self, frame: Frame) -> None:
        """Send a frame in where the user's voice would come in."""
        await self.worker.queue_frame(frame)

    async def drained(self) -> bool:
        """Wait until everything sent so far has gone through, and what it set off too.

        False when nothing has moved for `FLUSH_QUIET` seconds: something is blocked, or swallows the probe.
        """
        return await self.worker.flush_pipeline(timeout=FLUSH_QUIET)

    async def cut_off(self, why: str) -> None:
        """Cancel the pipeline, whatever it is doing."""
        if not self._running.done():
            await self.worker.cancel(reason=why)
            await self._running

    async def end(self, bound: float) -> None:
        """Let the pipeline finish what it has, and cut it off when that takes longer than `bound` seconds."""
        await self.queue(EndFrame())
        await asyncio.wait([self._running], timeout=bound)
        await self.cut_off("the pipeline did not end")

    def abandon(self) -> None:
        """Cancel everything without waiting."""
        self._running.cancel()


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


def _services(processors: Iterable[FrameProcessor]) -> Iterable[LLMService[Any]]:
    for processor in processors:
        if isinstance(processor, LLMService):
            yield processor
        yield from _services(processor.processors)
