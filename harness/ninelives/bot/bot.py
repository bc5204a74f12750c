"""`Bot`: runs a bot in a test that takes the place of its user and its loudspeaker, without sound.

A bot is a service, a pipeline, or the user's whole bot on its own worker. Taps before and after the LLM
service forward every frame at once; transports, speech recognition and voice let frames pass. Nothing
sleeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any

from pipecat.frames.frames import EndFrame, LLMRunFrame
from pipecat.pipeline.base_pipeline import BasePipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.services.llm_service import LLMService

from ninelives.bot.conversation import Conversation, latest
from ninelives.bot.hosting import Host, NotRunnable, worker_of
from ninelives.bot.moments import Moment
from ninelives.bot.runner_arguments import HostedArguments
from ninelives.bot.simulated_user import SimulatedUser
from ninelives.bot.speech import SpokenTurns, announcement, turn_strategies, understood_by
from ninelives.bot.tapped import TappedWorkers
from ninelives.bot.tools import Tools, add_to
from ninelives.bot.transport import SilentTransport
from ninelives.bot.turn import Turn
from ninelives.bot.turn_end import TurnEnd

TURN_BOUND = 60.0
"""Seconds on the loop's clock within which a turn must end. A real caller hangs up much earlier."""

NEVER = 86_400.0
"""Seconds after which Pipecat's watchdog ends a user turn that has no end; long, because tests do not need
it.
"""


class Bot(Conversation):
    """A bot under test, as an async context manager.

        async with Bot(service, tools={"get_weather": get_weather}) as bot:
            turn = await bot.say("What's the weather in Paris?")
        assert turn.text == "It is 21 degrees in Paris."

    Leaving the context hangs up. The bot ends by itself, unless a turn is still open.

    Args:
        service: Any Pipecat LLM service, or a whole bot as for `VoiceCall`: a function as in Pipecat's
            examples (`run_bot(transport, runner_args)`, `bot(runner_args)`), a function that returns a
            service, a worker or a pipeline, or a worker or a pipeline itself. A whole bot runs on its own
            worker.
        tools: Functions by name, or a list of functions. A whole bot has them in addition to its own.
        context: An `LLMContext` to start from.
        system: The instructions, set in the service's settings.
        pipeline: Instead of `service`: a list of processors, a `Pipeline`, or a worker, with an LLM service
            somewhere in it.
        begin: Called with the running worker before the first turn.
        base_url: The API for a whole bot, passed to it in OPENAI_BASE_URL or by name.
        ws_url: The same for WebSockets, in OPENAI_WS_URL or by name.
        name: The bot's name in messages.
        timeout: The longest time of a turn, in seconds on the loop's clock.
    """

    def __init__(
        self,
        service: Any = None,
        *,
        tools: Tools = (),
        context: LLMContext | None = None,
        system: str | None = None,
        pipeline: Sequence[FrameProcessor] | Pipeline | PipelineWorker | None = None,
        begin: Callable[[PipelineWorker], Awaitable[None]] | None = None,
        base_url: str = "",
        ws_url: str = "",
        name: str = "",
        timeout: float = TURN_BOUND,
    ) -> None:
        if (service is None) == (pipeline is None):
            raise TypeError("Bot takes a service or pipeline=[...]: give exactly one of them")
        super().__init__(lambda: self._watch.changed(), lambda at: self._user.unasked(at), tools)
        self.aggregators: LLMContextAggregatorPair | None = None
        """The context aggregators; None if the pipeline was given whole."""
        self.timeout = timeout
        self._context = context
        self._system = system
        self._begin = begin
        self._hung_up = False
        self._instead: Bot | None = None
        """The Bot that the user's function returned."""
        self._transport = SilentTransport()
        self._parts = self._workers = TappedWorkers(
            self._transport,
            lambda *seen: self._user.before_service(*seen),
            lambda *seen: self._user.after_service(*seen),
            lambda frame: self._listener.arrives(self._now(), frame),
        )
        self._host = Host(
            self._runnable(service if pipeline is None else pipeline),
            self._transport,
            self._prepare,
            self._mishaps,
            base_url=base_url,
            ws_url=ws_url,
            name=name,
            arguments=_arguments(),
            serve=self._around,
        )
        self._watch = TurnEnd(
            self._host, self._listener, lambda: self.timeout, lambda: self.context, self._now
        )
        self._user = SimulatedUser(self._listener, self._watch, self._queue, self._now)

    def _runnable(self, given: Any) -> Any:
        """Return what was given as a worker or a function, prepared as far as possible before it runs."""
        if isinstance(given, LLMService | ServiceSwitcher):
            given = self._around(given)
        if isinstance(given, Sequence):
            given = Pipeline(list(given))
        if isinstance(given, BasePipeline):
            given = worker_of(given)
        if isinstance(given, PipelineWorker):
            self._prepare(given)
            self._workers.require_service()
        return given

    def _around(self, service: FrameProcessor) -> Pipeline:
        """Return a pipeline with the service between the aggregators of a context, as a voice bot has it."""
        params = LLMUserAggregatorParams(user_turn_strategies=turn_strategies(), user_turn_stop_timeout=NEVER)
        self._context = self._context or LLMContext()
        self.aggregators = LLMContextAggregatorPair(self._context, user_params=params)
        return Pipeline([self.aggregators.user(), service, self.aggregators.assistant()])

    # --- what came of it -------------------------------------------------------------------------------

    @property
    def turns(self) -> list[Turn]:
        """All turns so far."""
        return self._listener.turns

    @property
    def context(self) -> LLMContext:
        """The conversation as the model gets it: the bot's own context."""
        if self._context is None:
            self._context = self._workers.context or LLMContext()
        return self._context

    @property
    def ended(self) -> bool:
        """Whether the bot has come to its end. Raises what its own function raised."""
        return self._host.ended

    @property
    def worker(self) -> PipelineWorker:
        """The worker that runs the pipeline; the bot's own if it has one."""
        assert self._workers.worker is not None
        return self._workers.worker

    # --- what a user does ------------------------------------------------------------------------------

    async def update_settings(self, delta: Any = None, **fields: Any) -> None:
        """Change the service's settings, by a settings object or by fields, and wait until it has them."""
        await super().update_settings(delta, **fields)
        await self._drained()

    async def say(self, text: str, *, cut_in: Moment | None = None) -> Turn:
        """Say something and listen until the turn is over, including tool calls and the answers to them.

        Speaking while the bot does interrupts it. With `cut_in`, the user begins to speak at that moment of
        the answer: some seconds after its first text, or at its n-th word; an answer that is over by then is
        not interrupted. Raises `TurnTimeout` if the turn is not over in time.
        """
        turn = self.say_soon(text)
        if cut_in is not None:
            await self._user.interrupt_at(turn, cut_in)
        return await self.listen(turn)

    async def cut_in(self, text: str, at: Moment | None = None) -> Turn:
        """Say something while the bot speaks: at once, or at a moment of the open turn."""
        turn = self._listener.turn
        if at is not None and turn is not None:
            await self._user.interrupt_at(turn, at)
        return await self.say(text)

    async def hum(self, seconds: float = 0.5) -> None:
        """Make a noise that is recognized as speech without words."""
        self._require()
        await self._user.hum(seconds)

    def say_soon(self, text: str) -> Turn:
        """Say something and return at once. The bot's answer is added to the turn; `listen` waits for its
        end.
        """
        self._require()
        add_to(self.context, self._tools)  # again, because Flows gives each of its nodes other tools
        return self._user.begin(text, lambda: self._require().says(text))

    async def greet(self) -> Turn:
        """Let the bot speak first: run the model on the context without new input, and listen."""
        self._require()
        return await self.listen(self._user.begin(None, lambda: [LLMRunFrame()]))

    async def listen(self, turn: Turn | None = None) -> Turn:
        """Wait until a turn is over: the given one, by default the last. Raises `TurnTimeout`."""
        await self._user.finish()
        turn = turn or latest(self.turns)
        await self._watch.over(turn)
        return turn

    async def interrupt(self, after_words: int | None = None) -> Turn | None:
        """Interrupt: begin to speak, at once or at the n-th word of the open turn.

        Everything that Pipecat does on barge-in happens: the user's turn starts, and the interruption goes
        through the whole pipeline both ways. The user then counts as speaking until the next `say`. Returns
        the interrupted turn, None if none was open. A turn with fewer words ends by itself and is not
        interrupted. The n-th word is the piece of text in which it begins.
        """
        self._require()
        return await self._user.interrupt(after_words)

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while, on the loop's clock; the same as `pause`."""
        await self.pause(seconds)

    async def hang_up(self) -> None:
        """Hang up at once, as a caller does: whatever the bot is doing is cancelled."""
        if self._hung_up:
            return
        self._hung_up = True
        await self._user.stop()
        await self._disconnect(self._transport)
        await self._host.stop("the user hung up")

    # --- its life --------------------------------------------------------------------------------------

    async def __aenter__(self) -> Bot:
        self._starts_now()
        try:
            await self._start(self._host)
        except NotRunnable as error:
            if not isinstance(error.made, Bot):
                raise
            self._instead = error.made
            return await self._instead.__aenter__()
        async with self._host.beginning():
            self._workers.require_service()
            if self.aggregators is not None:
                self._user.speech = SpokenTurns()
            else:
                await self._queue(announcement())
                await self._drained()
                self._user.speech = understood_by(self.processors)
            if self._system is not None:
                await self.update_settings(system_instruction=self._system)
            if self._begin is not None:
                await self._host.inside(_awaited(self._begin(self.worker)))
            await self._ring()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._instead is not None:
            await self._instead.__aexit__(kind, error, trace)
        elif kind is not None or self._listener.turn is not None:
            await self.hang_up()
        elif not self._hung_up:
            self._hung_up = True
            await self._user.stop()
            await self._disconnect(self._transport)
            await self._queue(EndFrame())
            await asyncio.wait([self._host.running], timeout=self.timeout)
            await self._host.stop("the pipeline did not end")
        if kind is None and self._instead is None:
            self._host.raise_failure()

    async def _ring(self) -> None:
        """Connect the caller. If the bot speaks first, wait for the end of that."""
        if self.aggregators is not None and self._begin is None:
            return
        if await self._connect(self._transport):
            await self.listen(self._listener.turn)

    def _prepare(self, worker: PipelineWorker) -> bool:
        known, seen = len(self.services), set(map(id, self.processors))
        has_user = self._workers.prepare(worker)
        self._listener.speaks = self._workers.speaks
        inside = [each for each in self.processors if id(each) not in seen]
        context = self.context if self._workers.context is not None else None
        self._adopt(inside, self.services[known:], context)
        return has_user

    def _require(self) -> Any:
        if self._user.speech is None or self._hung_up:
            raise RuntimeError("the bot is not running: use it inside `async with Bot(...) as bot`")
        if self._host.running.done():
            self._host.raise_failure()
            raise RuntimeError("the bot ended while the user was still connected")
        return self._user.speech


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _arguments() -> RunnerArguments:
    arguments = HostedArguments()
    arguments.pipeline_idle_timeout_secs = None
    return arguments
