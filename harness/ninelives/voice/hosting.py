"""Runs the user's bot as it is: its own function, runner and workers, each worker shown before it starts."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pipecat.pipeline.base_pipeline import BasePipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from ninelives.bot.arguments import arguments_for, name_of, transports_are
from ninelives.bot.environment import started_as
from ninelives.bot.starting import Exited
from ninelives.complaint import Complaint

TO_RUN = 60.0
"""Seconds on the loop's clock within which a bot's pipeline must have started."""

TO_LEAVE = 10.0
"""Seconds for a bot to clear up behind itself when its caller has gone."""

_ENDINGS = (
    "expected it to end with `await runner.run()` on a WorkerRunner, or to return a worker or a pipeline"
)


class Host:
    """One bot, from its start to its end.

    Args:
        bot: A function as Pipecat's examples have it, one that gives a worker or a pipeline, or one of these.
        known: The arguments that the function may ask for, by name.
        transport: What `create_transport` returns to it.
        prepare: Called with each pipeline worker before it starts; returns whether this is the worker with
            the line.
    """

    def __init__(
        self,
        bot: Any,
        known: Mapping[str, Any],
        transport: BaseTransport,
        prepare: Callable[[PipelineWorker], bool],
    ) -> None:
        self._bot = bot
        self._known = known
        self._transport = transport
        self._prepare = prepare
        self._started = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self.worker: PipelineWorker | None = None
        """The worker with the line, once it starts."""
        self.name = name_of(bot) if _is_function(bot) else type(bot).__name__

    @property
    def running(self) -> asyncio.Task[None]:
        """The task of the bot. It ends when the bot does, and raises what the bot raised."""
        assert self._running is not None
        return self._running

    async def start(self) -> None:
        """Run the bot until its pipeline has started. Raises Complaint, or what the bot raised."""
        context = contextvars.copy_context()
        context.run(_host.set, self)
        loop = asyncio.get_running_loop()
        self._running = loop.create_task(self._run(), name=f"bot {self.name}", context=context)
        started = loop.create_task(self._started.wait(), name="the bot starts")
        try:
            await asyncio.wait([self._running, started], timeout=TO_RUN, return_when=asyncio.FIRST_COMPLETED)
        finally:
            started.cancel()
        if self._started.is_set():
            return
        if self._running.done():
            self._running.result()
            raise Complaint(f"{self.name} came to its end without running a pipeline; {_ENDINGS}")
        await self.stop("it did not start")
        raise Complaint(f"{self.name} started no pipeline within {TO_RUN:g} s; {_ENDINGS}")

    async def stop(self, why: str) -> None:
        """Let the bot come to its end, and end it if it does not."""
        running = self.running
        if not running.done() and self.worker is not None:
            await self.worker.cancel(reason=why)
        await asyncio.wait([running], timeout=TO_LEAVE)
        if not running.done():
            running.cancel()
            await asyncio.wait([running], timeout=TO_LEAVE)

    def abandon(self) -> None:
        """Cancel everything without waiting."""
        self.running.cancel()

    async def _run(self) -> None:
        with _shown():
            made = self._bot
            if _is_function(made):
                made = await self._called(made)
            if isinstance(made, Sequence) and all(isinstance(each, FrameProcessor) for each in made):
                made = Pipeline(list(made))
            if isinstance(made, BasePipeline):
                made = PipelineWorker(made)
            if isinstance(made, PipelineWorker):
                runner = WorkerRunner(handle_sigint=False)
                await runner.add_workers(made)
                await runner.run()
            elif made is not None:
                raise Complaint(f"{self.name} gave a {type(made).__name__}; {_ENDINGS}")

    async def _called(self, function: Callable[..., Any]) -> Any:
        given = arguments_for(function, self.name, self._known)
        script = inspect.getsourcefile(inspect.unwrap(function)) or self.name
        with transports_are(function, self._transport), started_as(script):
            try:
                made = function(**given)
                return await made if inspect.isawaitable(made) else made
            except SystemExit as error:  # asyncio would end the loop with it
                raise Exited(error) from None

    def show(self, worker: PipelineWorker) -> None:
        """A worker of the bot's is about to start."""
        if self._prepare(worker):
            self.worker = worker
            worker.add_event_handler("on_pipeline_started", lambda *_: self._started.set())


def _is_function(bot: Any) -> bool:
    return callable(bot) and not isinstance(bot, FrameProcessor | PipelineWorker)


# Pipecat offers no place between the making of a worker and its start, so its start passes by here, for the
# workers of hosted bots only. Their runners leave the signals to the test.

_host: contextvars.ContextVar[Host | None] = contextvars.ContextVar("ninelives_host", default=None)
_watching = 0
_run = PipelineWorker.run
_signals = ("_setup_sigint", "_setup_sigterm")
_set_up = {name: getattr(WorkerRunner, name) for name in _signals}


@contextmanager
def _shown() -> Iterator[None]:
    """Show the workers of hosted bots, for as long as any is hosted."""
    global _watching
    _watching += 1
    if _watching == 1:
        PipelineWorker.run = _run_shown  # type: ignore[method-assign]
        for name, original in _set_up.items():
            setattr(WorkerRunner, name, _without_signals(original))
    try:
        yield
    finally:
        _watching -= 1
        if not _watching:
            PipelineWorker.run = _run  # type: ignore[method-assign]
            for name, original in _set_up.items():
                setattr(WorkerRunner, name, original)


async def _run_shown(self: PipelineWorker, *given: Any, **named: Any) -> None:
    if (host := _host.get()) is not None:
        host.show(self)
    await _run(self, *given, **named)


def _without_signals(original: Callable[[WorkerRunner], None]) -> Callable[[WorkerRunner], None]:
    def set_up(self: WorkerRunner) -> None:
        if _host.get() is None:
            original(self)

    return set_up
