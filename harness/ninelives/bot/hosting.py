"""Runs the user's bot unchanged: its own function, runner and workers. Each worker is prepared before it
starts.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any, TypeVar

from pipecat.pipeline.base_pipeline import BasePipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.services.llm_service import LLMService
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from ninelives.bot import environment, mishaps
from ninelives.bot.arguments import arguments_for, name_of, transport_of_this_bot, transports_are_ours
from ninelives.bot.environment import addresses, stand_ins, started_as
from ninelives.bot.mishaps import Mishaps
from ninelives.bot.runner_arguments import HostedArguments
from ninelives.bot.start_failure import EMPTY_BODY, Exited
from ninelives.bot.worker_starts import watcher_of_this_bot, workers_are_shown
from ninelives.usage_error import UsageError

TO_RUN = 30.0
"""Seconds on the loop's clock within which a bot must run its pipeline."""

TO_START = 45.0
"""Seconds within which the pipeline must have started; Pipecat's own two limits for that add up to 40."""

FLUSH_QUIET = 5.0
"""Seconds without a frame after which a flush probe counts as swallowed by a user's processor."""

TO_LEAVE = 10.0
"""Seconds for a bot to clean up after its caller has left."""

_ENDINGS = "expected it to call `await runner.run()` on a WorkerRunner, or to return a worker or a pipeline"

_RUNNABLE = "expected an LLM service, a list of processors, a Pipeline, a worker or a Bot"

T = TypeVar("T")


class DidNotStart(RuntimeError):
    """The pipeline of a bot did not start."""


class NotRunnable(UsageError):
    """A bot's function returned something that cannot be run."""

    def __init__(self, name: str, made: Any, expected: str = _RUNNABLE) -> None:
        super().__init__(f"{name} returned a {type(made).__name__}; {expected}")
        self.made = made


class Host:
    """One bot, from its start to its end.

    Args:
        bot: A function as in Pipecat's examples, one that returns a worker or a pipeline, or one of these.
        transport: The function's argument `transport`, and what `create_transport` returns.
        prepare: Called with each pipeline worker before it starts; returns whether this is the worker with
            the caller. If it raises, `start` raises.
        mishaps: Collects what the bot's own code raises and Pipecat catches.
        base_url: The API, for a function with such a parameter, and in OPENAI_BASE_URL.
        ws_url: The same in WebSocket mode, in OPENAI_WS_URL.
        key: The API key for the bot in OPENAI_API_KEY, if there is a base_url.
        name: The bot's name in messages, by default that of the function.
        arguments: The `runner_args` of the function.
        serve: Makes a pipeline of an LLM service, if the function may return one alone.
    """

    def __init__(
        self,
        bot: Any,
        transport: BaseTransport,
        prepare: Callable[[PipelineWorker], bool],
        mishaps: Mishaps,
        *,
        base_url: str = "",
        ws_url: str = "",
        key: str = environment.KEY,
        name: str = "",
        arguments: RunnerArguments | None = None,
        serve: Callable[[FrameProcessor], Pipeline] | None = None,
    ) -> None:
        self._bot = bot
        self._urls, self._key = (base_url, ws_url), key
        self._arguments = arguments = arguments or HostedArguments()
        if isinstance(arguments, HostedArguments):
            arguments.prepare_for(bot)
        self._known = _known(base_url, ws_url, transport, arguments)
        self._transport = transport
        self._prepare = prepare
        self._serve = serve
        self._mishaps = mishaps
        self._shown = asyncio.Event()
        self._started = asyncio.Event()
        self._refused: Exception | None = None
        self._running: asyncio.Task[None] | None = None
        self._surroundings = ExitStack()
        self._starting = ExitStack()
        self._context = contextvars.Context()
        self._made: PipelineWorker | None = None
        """The only worker of a bot that does not run it itself."""
        self.worker: PipelineWorker | None = None
        """The worker with the caller, once it starts."""
        self.name = name or (name_of(bot) if is_function(bot) else type(bot).__name__)

    @property
    def running(self) -> asyncio.Task[None]:
        """The task of the bot. It ends when the bot does, and raises what the bot raised."""
        assert self._running is not None
        return self._running

    @property
    def ended(self) -> bool:
        """Whether the bot has ended. Raises what it raised."""
        self.raise_failure()
        return self.running.done()

    def raise_failure(self) -> None:
        """Raise the exception that ended the bot's function, if one did."""
        if self.running.done() and not self.running.cancelled():
            self.running.result()

    async def start(self) -> None:
        """Run the bot until its pipeline has started.

        Raises:
            UsageError: it runs no pipeline, or has parameters that are not known.
            DidNotStart: its pipeline does not start.
            Exited: it ends the process.
            Exception: what the bot, or `prepare`, raised.
        """
        self._enter_surroundings()
        try:
            self._running = self._task(self._run(), f"bot {self.name}")
            await self.until_ended(self._shown.wait(), TO_RUN)
            if self._shown.is_set() and self._refused is None:
                await self.until_ended(self._started.wait(), TO_START)
            if self._refused is not None:
                raise self._refused
            if self._started.is_set():
                return
            if self._shown.is_set():
                raise DidNotStart("the pipeline did not start: a processor was busy connecting, or failed")
            if self.ended:
                raise UsageError(f"{self.name} returned without running a pipeline; {_ENDINGS}")
            raise UsageError(f"{self.name} did not run a pipeline within {TO_RUN:g} s; {_ENDINGS}")
        except asyncio.CancelledError:
            self.abandon()
            raise
        except BaseException as error:
            if isinstance(self._arguments, HostedArguments) and self._arguments.empty_body_was_read:
                error.add_note(EMPTY_BODY)
            await self.stop("it did not start")
            raise

    async def drained(self) -> bool:
        """Wait until everything sent so far has passed, with everything that it caused.

        Return False if no frame has moved for `FLUSH_QUIET` seconds: something is blocked, or swallows the
        probe.
        """
        assert self.worker is not None
        return await self.worker.flush_pipeline(timeout=FLUSH_QUIET)

    async def until_ended(self, waiting: Awaitable[object], timeout: float | None = None) -> None:
        """Wait for an awaitable, but not longer than until the bot has ended, or a number of seconds."""
        task = asyncio.ensure_future(waiting)
        try:
            await asyncio.wait([task, self.running], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()

    async def inside(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the bot's context, as if the bot itself called its handlers."""
        return await self._task(work, f"for {self.name}")

    @asynccontextmanager
    async def beginning(self) -> AsyncIterator[None]:
        """End the bot if the block, which begins the call, raises."""
        try:
            yield
        except asyncio.CancelledError:
            self.abandon()
            raise
        except BaseException:
            await self.stop("the call did not begin")
            raise

    async def stop(self, why: str) -> None:
        """Let the bot end; cancel it if it does not."""
        try:
            if self._running is not None:
                if not self._running.done() and self.worker is not None and self._refused is None:
                    await self.worker.cancel(reason=why)
                    await asyncio.wait([self._running], timeout=TO_LEAVE)
                if not self._running.done():
                    self._running.cancel()
                    await asyncio.wait([self._running], timeout=TO_LEAVE)
        finally:
            self._surroundings.close()

    def abandon(self) -> None:
        """Cancel everything without waiting."""
        if self._running is not None:
            self._running.cancel()
        self._surroundings.close()

    def show(self, worker: PipelineWorker) -> bool:
        """Prepare a worker of the bot that is about to start. Return whether it may start."""
        self._starting.close()
        try:
            has_caller = self._prepare(worker)
        except Exception as error:
            self._refused = error
            self._shown.set()
            return False
        if has_caller or worker is self._made:
            self.worker = worker
            worker.add_event_handler("on_pipeline_started", lambda *_: self._started.set())
            self._shown.set()
        return True

    def _enter_surroundings(self) -> None:
        self._surroundings.enter_context(self._mishaps.overhear())
        self._surroundings.enter_context(workers_are_shown())
        self._surroundings.enter_context(transports_are_ours())
        if is_function(self._bot):
            self._surroundings.enter_context(stand_ins())
        if any(self._urls):
            self._surroundings.enter_context(addresses(*self._urls, self._key))
        self._context = context = contextvars.copy_context()
        context.run(watcher_of_this_bot.set, self)
        context.run(transport_of_this_bot.set, self._transport)
        context.run(mishaps.of_this_bot.set, self._mishaps)
        if any(self._urls):
            context.run(environment.overrides.set, environment.variables(*self._urls, self._key))

    def _task(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        return asyncio.get_running_loop().create_task(work, name=name, context=self._context)

    async def _run(self) -> None:
        made = await self._called(self._bot) if is_function(self._bot) else self._bot
        if can_run(made) and isinstance(made, Sequence):
            made = Pipeline(list(made))
        if isinstance(made, LLMService | ServiceSwitcher) and self._serve is not None:
            made = self._serve(made)
        if isinstance(made, BasePipeline):
            made = worker_of(made)
        if isinstance(made, PipelineWorker):
            self._made = made
            runner = WorkerRunner(handle_sigint=False)
            await runner.add_workers(made)
            await runner.run()
        elif made is not None:
            raise NotRunnable(self.name, made, _RUNNABLE if self._serve is not None else _ENDINGS)

    async def _called(self, function: Callable[..., Any]) -> Any:
        given = arguments_for(function, self.name, self._known)
        script = inspect.getsourcefile(inspect.unwrap(function)) or self.name
        with ExitStack() as self._starting:
            self._starting.enter_context(started_as(script))
            try:
                made = function(**given)
                return await made if inspect.isawaitable(made) else made
            except SystemExit as error:  # asyncio would end the loop with it
                raise Exited(error) from None


def _known(
    base_url: str, ws_url: str, transport: BaseTransport, arguments: RunnerArguments
) -> Mapping[str, Any]:
    beside = arguments.connection() if isinstance(arguments, HostedArguments) else {}
    return {
        **beside,
        "base_url": base_url,
        "ws_url": ws_url,
        "transport": transport,
        "runner_args": arguments,
        "args": arguments,
    }


def is_function(bot: Any) -> bool:
    """Whether a bot is to be called rather than run."""
    return callable(bot) and not isinstance(bot, FrameProcessor | PipelineWorker)


def can_run(made: Any) -> bool:
    """Whether a value is a processor, a list of processors, or a worker."""
    if isinstance(made, Sequence):
        return bool(made) and all(isinstance(each, FrameProcessor) for each in made)
    return isinstance(made, FrameProcessor | PipelineWorker)


def pipeline_of(service: FrameProcessor) -> Pipeline:
    """Return a pipeline with a service between the aggregators of a new context."""
    user, assistant = LLMContextAggregatorPair(LLMContext())
    return Pipeline([user, service, assistant])


def worker_of(pipeline: BasePipeline) -> PipelineWorker:
    """Return a worker for a pipeline without one: with all metrics, and without an idle timeout."""
    return PipelineWorker(
        pipeline,
        params=PipelineParams(
            enable_metrics=True, enable_usage_metrics=True, send_initial_empty_metrics=False
        ),
        cancel_on_idle_timeout=False,
        idle_timeout_secs=None,
        enable_rtvi=False,
        enable_turn_tracking=False,
    )
