"""`Bot`: a real Pipecat pipeline with a test in the place of the user and the speaker.

The pipeline is what a voice bot has between speech-to-text and text-to-speech: the user's context aggregator,
the LLM service, the assistant's context aggregator, run by Pipecat's own worker and runner. Two taps that
forward every frame at once stand before and after the service. Nothing is patched, and nothing sleeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from pipecat.frames.frames import Frame, InterruptionFrame, LLMRunFrame, LLMUpdateSettingsFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

from ninelives.bot.barge_in import BargeIn
from ninelives.bot.guest import offline
from ninelives.bot.listener import Direction, Listener, spoken
from ninelives.bot.mishaps import Mishap, Mishaps
from ninelives.bot.speech import (
    Speech,
    SpokenTurns,
    announcement,
    context_in,
    everything_in,
    turn_strategies,
    understood_by,
)
from ninelives.bot.stage import Forward, Stage
from ninelives.bot.tools import Tools, add_to
from ninelives.bot.turn import Frames, ReportedError, Turn
from ninelives.bot.watch import Watch
from ninelives.virtual.loop import VirtualLoop

TURN_BOUND = 60.0
"""Seconds on the loop's clock within which a turn must be over. A caller has hung up long before."""

NEVER = 86_400.0
"""Seconds. Pipecat's watchdog for user turns that never end; the test decides here when they do."""


class Bot:
    """A bot under test, as an async context manager.

        async with Bot(service, tools={"get_weather": get_weather}) as bot:
            turn = await bot.say("What's the weather in Paris?")
        assert turn.text == "It is 21 degrees in Paris."

    `service`: any Pipecat LLM service. `pipeline` instead: a list of processors (or a `Pipeline`, or a
    worker with one, which is taken over without transports, speech recognition and voice) with an LLM
    service somewhere in it. `tools`: functions by name or a list of them; in a whole pipeline they join
    those of its own context. `context`: an `LLMContext` to start from. `system`: the instructions, given
    to the service as its settings. `begin`: called with the running worker before the first turn, for
    Pipecat Flows and whatever else waits for a caller. `timeout`: the bound of a turn in seconds on the
    loop's clock. Leaving the context lets the pipeline finish, or hangs up if a turn still goes on.
    """

    def __init__(
        self,
        service: FrameProcessor | None = None,
        *,
        tools: Tools = (),
        context: LLMContext | None = None,
        system: str | None = None,
        pipeline: Sequence[FrameProcessor] | Pipeline | PipelineWorker | None = None,
        begin: Callable[[PipelineWorker], Awaitable[None]] | None = None,
        timeout: float = TURN_BOUND,
    ) -> None:
        if (service is None) == (pipeline is None):
            raise TypeError("Bot takes either a service or pipeline=[...], not both and not neither")
        if isinstance(pipeline, PipelineWorker):
            pipeline = offline(pipeline)
        own = None if pipeline is None else context_in(pipeline)
        self.context = context or own or LLMContext()
        """The conversation as the model is told it. A pipeline given whole keeps its own."""
        add_to(self.context, tools)
        self.aggregators: LLMContextAggregatorPair | None = None
        """The context aggregators, unless the pipeline was given whole."""
        self.timeout = timeout
        self.connection_errors: list[str] = []
        """What `on_connection_error` of the service reported, in order."""
        self.started = 0.0
        """When the bot started, on the loop's clock. All other times count from here."""
        whole = pipeline if pipeline is not None else self._around(service)
        self._stage = Stage(whole, self._before_service, self._after_service)
        self.service = self._stage.services[0]
        """The LLM service under test."""
        self._speech: Speech | None = SpokenTurns() if pipeline is None else None
        self._system = system
        self._begin = begin
        self._listener = Listener(lambda: self._watch.changed(), self._unasked)
        self._watch = Watch(self._stage, self._listener, lambda: self.timeout, self._now)
        self._barge_in = BargeIn(self._cut_in, self._watch.change)
        self._mishaps = Mishaps(self._now)
        self._listening = ExitStack()
        self._speaking: asyncio.Task[None] | None = None
        self._hung_up = False

    def _around(self, service: FrameProcessor | None) -> list[FrameProcessor]:
        """What a voice bot has between speech-to-text and text-to-speech."""
        assert service is not None
        params = LLMUserAggregatorParams(user_turn_strategies=turn_strategies(), user_turn_stop_timeout=NEVER)
        self.aggregators = LLMContextAggregatorPair(self.context, user_params=params)
        return [self.aggregators.user(), service, self.aggregators.assistant()]

    # --- what came of it -------------------------------------------------------------------------------

    @property
    def turns(self) -> list[Turn]:
        """All turns so far."""
        return self._listener.turns

    @property
    def frames(self) -> Frames:
        """All frames that left the service so far, both ways."""
        return self._listener.frames

    @property
    def errors(self) -> list[ReportedError]:
        """All errors reported so far, those between turns included."""
        return self._listener.errors

    @property
    def mishaps(self) -> list[Mishap]:
        """Exceptions of the bot's own code so far, in processors, tools, event handlers and tasks."""
        return self._mishaps.all

    @property
    def processors(self) -> list[FrameProcessor]:
        """Every processor of the pipeline, those inside others included."""
        return list(everything_in(self._stage.processors))

    @property
    def services(self) -> list[LLMService[Any]]:
        """The LLM services under test: one, or several behind a switcher."""
        return self._stage.services

    @property
    def heard(self) -> str:
        """Everything heard so far."""
        return "".join(turn.text for turn in self.turns)

    @property
    def events(self) -> frozenset[str]:
        """The events that the service has, by name."""
        return frozenset(getattr(self.service, "_event_handlers", {}))

    @property
    def worker(self) -> PipelineWorker:
        """The worker that runs the pipeline, once the bot has started: for Pipecat Flows, observers, ..."""
        return self._stage.worker

    # --- what a user does ------------------------------------------------------------------------------

    async def say(self, text: str) -> Turn:
        """Say something and listen until the turn is over, tool calls and their answers included.

        Speaking while the bot does interrupts it. Raises `TurnTimeout` when the turn is not over in time.
        """
        return await self.listen(self.say_soon(text))

    def say_soon(self, text: str) -> Turn:
        """Say something and return at once. The turn fills up as the bot answers; `listen` waits for it."""
        return self._begin_speaking(text, lambda: self._require_speech().says(text))

    async def greet(self) -> Turn:
        """Let the bot speak first: run the model on the context as it is, and listen."""
        return await self.listen(self._begin_speaking(None, lambda: [LLMRunFrame()]))

    async def listen(self, turn: Turn | None = None) -> Turn:
        """Wait until a turn is over: the given one, by default the last. Raises `TurnTimeout`."""
        await self._finish_speaking()
        if turn is None:
            if not self.turns:
                raise RuntimeError("nothing to listen to: nobody has said anything yet")
            turn = self.turns[-1]
        await self._watch.over(turn)
        return turn

    async def interrupt(self, after_words: int | None = None) -> Turn | None:
        """Cut in: begin to speak, at once or after the n-th word of the turn that goes on.

        What Pipecat does on barge-in happens: the user's turn starts, and the interruption goes through the
        whole pipeline both ways. The user then counts as speaking until the next `say`. Gives back the turn
        that was interrupted, None if none was going on. A turn with fewer words ends by itself and is not
        interrupted. The n-th word is the piece of text in which it begins.
        """
        await self._finish_speaking()
        turn = self._listener.turn
        if after_words is not None and turn is not None:
            await self._barge_in.after(turn, after_words)
        elif turn is None or turn.interrupted is None:
            await self._barge_in.now()
        return turn

    async def update_settings(self, delta: Any = None, **fields: Any) -> None:
        """Change the service's settings from now on, by a settings object or by fields of it."""
        if delta is None:
            delta = getattr(type(self.service), "Settings", LLMSettings)(**fields)
        await self._stage.queue(LLMUpdateSettingsFrame(delta=delta))
        await self._stage.drained()

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while, on the loop's clock."""
        await asyncio.sleep(seconds)

    async def hang_up(self) -> None:
        """Leave at once, as a caller does: the pipeline is cancelled, whatever it was doing."""
        if self._hung_up:
            return
        self._hung_up = True
        await self._stop()
        await self._stage.cut_off("the user hung up")

    # --- its life --------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.started = loop.time()
        self.frames.virtual = isinstance(loop, VirtualLoop)
        self._subscribe()
        self._mishaps.watch(self.processors)
        self._listening.enter_context(self._mishaps.overhear())
        try:
            await self._stage.start(lambda: [error.message for error in self.errors] + self.connection_errors)
        except BaseException:
            self._listening.close()
            raise
        try:
            if self._speech is None:
                await self._stage.queue(announcement())
                await self._stage.drained()
                self._speech = understood_by(self._stage.processors)
            if self._system is not None:
                await self.update_settings(system_instruction=self._system)
            if self._begin is not None:
                await self._begin(self.worker)
                await self._hear_greeting()
        except BaseException:
            self._listening.close()
            self._stage.abandon()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._listening:
            if kind is not None or self._listener.turn is not None:
                await self.hang_up()
            elif not self._hung_up:
                self._hung_up = True
                await self._stop()
                await self._stage.end(self.timeout)

    async def _hear_greeting(self) -> None:
        """A bot may speak first when somebody connects. Nobody answers before it has."""
        await self._stage.drained()
        if self._listener.turn is not None:
            await self.listen(self._listener.turn)

    def _subscribe(self) -> None:
        for service in self._stage.services:
            # Looked up, because subscribing to an event that a service does not have logs a warning.
            events = getattr(service, "_event_handlers", {})
            if "on_connection_error" in events:
                service.add_event_handler("on_connection_error", self._on_connection_error)
            if "on_response_interrupted" in events:
                service.add_event_handler("on_response_interrupted", self._on_response_interrupted)

    def _on_connection_error(self, service: object, error: object, *_: object) -> None:
        self.connection_errors.append(str(error))

    def _on_response_interrupted(self, service: object, spoken_text: str, *_: object) -> None:
        self._listener.lost(spoken_text)

    # --- speaking --------------------------------------------------------------------------------------

    def _begin_speaking(self, text: str | None, frames: Callable[[], list[Frame]]) -> Turn:
        self._require_speech()
        turn = Turn(number=0, user=text, began=self._now())
        self._speaking = asyncio.create_task(
            self._speak(turn, frames, self._speaking), name=f"user says {text!r}"
        )
        return turn

    async def _speak(
        self, turn: Turn, frames: Callable[[], list[Frame]], before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        if turn.user is not None:
            await self._barge_in.now()
        turn.began = self._now()
        self._open_turn(turn)
        for frame in frames():
            await self._stage.queue(frame)

    async def _cut_in(self) -> bool:
        frames = self._require_speech().cuts_in(self._listener.turn is not None)
        for frame in frames:
            await self._stage.queue(frame)
        return bool(frames)

    def _open_turn(self, turn: Turn) -> None:
        turn.number = len(self.turns) + 1
        self._listener.begin(turn)
        self._watch.begin(turn)

    def _unasked(self, at: float) -> Turn:
        turn = Turn(number=0, user=None, began=at)
        self._open_turn(turn)
        return turn

    async def _finish_speaking(self) -> None:
        if self._speaking is not None:
            await self._speaking

    def _require_speech(self) -> Speech:
        if self._speech is None or self._hung_up:
            raise RuntimeError("the bot is not there: use it inside `async with Bot(...) as bot`")
        return self._speech

    async def _stop(self) -> None:
        """Say nothing more, and wait for nothing."""
        if self._speaking is not None and not self._speaking.done():
            self._speaking.cancel()
            await asyncio.wait([self._speaking])
        await self._watch.stop()

    # --- listening -------------------------------------------------------------------------------------

    async def _before_service(self, frame: Frame, direction: Direction, forward: Forward) -> None:
        if direction == "up":
            self._listener.leaves(self._now(), direction, frame)
        elif self._listener.cut_in(self._now(), frame):
            self._barge_in.made()
            self._watch.changed()
        await forward()

    async def _after_service(self, frame: Frame, direction: Direction, forward: Forward) -> None:
        if direction == "down":
            self._listener.leaves(self._now(), direction, frame)
            if isinstance(frame, InterruptionFrame):
                self._barge_in.through()
        await forward()
        if direction == "down" and spoken(frame):
            await self._barge_in.said(self._listener.turn)

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self.started
