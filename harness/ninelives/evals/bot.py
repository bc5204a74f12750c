"""The user's bot on an eval line: hosted as it is, its turns noted for the promises."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections import deque
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputDTMFFrame,
    LLMMessagesAppendFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi.processor import RTVIProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.services.llm_service import LLMService

from ninelives.bot.listener import Direction, Listener
from ninelives.bot.mishaps import Mishaps
from ninelives.bot.turn import Turn
from ninelives.evals.line import EvalLine
from ninelives.lab.services import as_factory, name_of
from ninelives.virtual.loop import VirtualLoop
from ninelives.voice.ears import Ears
from ninelives.voice.hosting import Host
from ninelives.voice.scene import Scene
from ninelives.voice.voice import Voice

QUIET = 5.0
"""Seconds without a frame after which Pipecat's flush probe counts as swallowed."""

A_MOMENT = 0.001
"""Seconds in which what was just queued comes to pass."""


class EvalBot:
    """One bot for one eval, as an async context manager that waits for the harness at `url`.

    Args:
        bot: A function as Pipecat's examples have it, one that gives a service, a pipeline or a worker.
        base_url: The API, which the bot finds in OPENAI_BASE_URL; a function may ask for it by name.
        ws_url: The same in WebSocket mode.
        body: What the manifest passes to the bot (`runner_args.body`).
        bound: Seconds that the last turn is given to end after the harness has left.
        on_turn: Called with the number of a user's turn (from 1) as it begins.
    """

    def __init__(
        self,
        bot: Any,
        *,
        base_url: str,
        ws_url: str,
        body: Any = None,
        bound: float,
        on_turn: Any = None,
    ) -> None:
        self.line = EvalLine(self._user_says, self._settle, self._queue)
        arguments = RunnerArguments(body=body)
        known = {
            "base_url": base_url,
            "ws_url": ws_url,
            "transport": self.line,
            "runner_args": arguments,
            "args": arguments,
        }
        self._scene = Scene(self.line, Ears(), Voice())
        self._host = Host(_whole(bot), known, self.line, self._prepare)
        self._listener = Listener(self._changed, self._unasked)
        self._happened = asyncio.Event()
        self._mishaps = Mishaps(self._now)
        self._around = ExitStack()
        self._bound, self._on_turn = bound, on_turn
        self._asked = 0
        self._said: deque[tuple[str, float]] = deque()
        """What the user has said and the bot has not taken in, with the time."""
        self._last = 0.0
        self.started = 0.0
        """When the bot started, on the loop's clock. All other times count from here."""
        self.tells_spoken = False
        """A service of the bot's has the event `on_response_interrupted`."""

    # --- what came of it -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the harness connects."""
        return self.line.url

    @property
    def turns(self) -> list[Turn]:
        """All turns so far."""
        return self._listener.turns

    @property
    def errors(self) -> list[Any]:
        """All errors that were reported so far."""
        return self._listener.errors

    @property
    def mishaps(self) -> list[Any]:
        """Exceptions of the bot's own code so far."""
        return self._mishaps.all

    @property
    def processors(self) -> list[FrameProcessor]:
        """Every processor of the bot."""
        return self._scene.processors

    @property
    def services(self) -> list[LLMService[Any]]:
        """The bot's LLM services."""
        return [each for each in self.processors if isinstance(each, LLMService)]

    @property
    def hangs_up_after(self) -> float | None:
        """Seconds of silence after which the bot ends the call by itself. None: it never does."""
        worker = self._worker  # the only place where Pipecat keeps it
        return worker._idle_timeout_secs if worker._cancel_on_idle_timeout else None

    @property
    def replaced(self) -> list[str]:
        """What was replaced, as `CartesiaTTSService by Voice`."""
        return self._scene.replaced

    # --- its life ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.started = loop.time()
        self.line.origin = self.started
        self._listener.frames.virtual = isinstance(loop, VirtualLoop)
        await self.line.open()
        with ExitStack() as undo:
            undo.enter_context(self._mishaps.overhear())
            try:
                await self._host.start()
            except BaseException:
                self._host.abandon()
                await self.line.close()
                raise
            self._around = undo.pop_all()
        self._mishaps.watch(self.processors)
        for service in self.services:
            if "on_response_interrupted" in service._event_handlers:
                self.tells_spoken = True
                service.add_event_handler("on_response_interrupted", self._on_response_interrupted)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._around:
            await self._host.stop("the eval is over")
            await self.line.close()
        running = self._host.running
        if kind is None and running.done() and not running.cancelled():
            running.result()

    def _prepare(self, worker: PipelineWorker) -> bool:
        has_line = self._scene.prepare(worker)
        worker.add_observer(_Observer(self))
        return has_line

    # --- turns ---------------------------------------------------------------------------------------------

    def _user_says(self, text: str) -> None:
        """The user has said something; a turn that is still going on is cut into.

        The new turn begins when the bot takes the words in: until then it ends what it was saying.
        """
        self._end_turn()
        if (going_on := self._listener.turn) is not None:
            going_on.interrupted = self._now()
        self._asked += 1
        self._said.append((text, self._now()))
        if self._on_turn is not None:
            self._on_turn(self._asked)

    def _begin_turn(self) -> None:
        """The bot takes in what the user has said."""
        text, at = self._said.popleft()
        self._end_turn()
        self._listener.begin(Turn(len(self.turns) + 1, text, at))

    def _end_turn(self) -> None:
        """The turn that went on is over, unless the bot is still busy with it."""
        turn = self._listener.turn
        if turn is not None and self._listener.quiet and (turn.frames or self._asked == 0):
            turn.ended = max(turn.began, turn.frames[-1].at if turn.frames else self._now())

    def _unasked(self, at: float) -> Turn:
        turn = Turn(len(self.turns) + 1, None, at)
        self._listener.begin(turn)
        return turn

    async def _settle(self) -> None:
        """Wait until the bot has nothing more to do for its last turn."""
        running = self._host.running
        deadline = asyncio.get_running_loop().time() + self._bound
        while not running.done() and asyncio.get_running_loop().time() < deadline:
            before = self._last
            await self._until_ended(self._worker.flush_pipeline(timeout=QUIET))
            await asyncio.sleep(A_MOMENT)
            if self._listener.quiet and before == self._last:
                break
            if not self._listener.quiet:
                self._happened.clear()
                await self._until_ended(_within(QUIET, self._happened.wait()))
        if (turn := self._listener.turn) is not None and self._listener.quiet:
            turn.ended = turn.frames[-1].at if turn.frames else self._now()

    async def _queue(self, frame: Frame) -> None:
        await self._worker.queue_frame(frame)

    async def _until_ended(self, waiting: Any) -> None:
        task = asyncio.ensure_future(waiting)
        try:
            await asyncio.wait([task, self._host.running], return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()

    @property
    def _worker(self) -> PipelineWorker:
        assert self._host.worker is not None
        return self._host.worker

    # --- listening -----------------------------------------------------------------------------------------

    def pushed(self, data: FramePushed) -> None:
        """A frame was pushed for the first time, by any processor of any of the bot's workers."""
        frame = data.frame
        taken_in = isinstance(frame, LLMMessagesAppendFrame | InputDTMFFrame) and isinstance(
            data.source, RTVIProcessor
        )
        if taken_in and self._said:
            self._begin_turn()
        way: Direction = "down" if data.direction is FrameDirection.DOWNSTREAM else "up"
        own = isinstance(data.source, LLMService) or isinstance(frame, TTSSpeakFrame)
        if own or (isinstance(frame, ErrorFrame) and way == "up"):
            self._last = self._now()
            self._listener.leaves(self._last, way, _audible(frame))

    def _on_response_interrupted(self, service: object, spoken_text: str, *_: object) -> None:
        self._listener.lost(spoken_text)

    def _changed(self) -> None:
        self._happened.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self.started


class _Observer(BaseObserver):
    """Shows an EvalBot every frame that is pushed, once."""

    def __init__(self, bot: EvalBot) -> None:
        super().__init__(observe_every_push=False)
        self._bot = bot

    async def on_push_frame(self, data: FramePushed) -> None:
        """Show the frame."""
        self._bot.pushed(data)


def _audible(frame: Frame) -> Frame:
    """In text mode nothing is spoken: what the harness reads counts as heard."""
    if isinstance(frame, LLMTextFrame) and frame.skip_tts:
        frame = copy.copy(frame)
        frame.skip_tts = False
    return frame


async def _within(seconds: float, waiting: Any) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(waiting, seconds)


def _whole(found: Any) -> Any:
    """A bot that can be hosted, of what the user has: a service alone gets a context and its aggregators."""
    if isinstance(found, FrameProcessor) and not isinstance(found, Pipeline):
        return _around(found)
    if not callable(found) or isinstance(found, PipelineWorker | FrameProcessor):
        return found
    parameters = inspect.signature(found).parameters
    if not inspect.isclass(found) and not {"base_url", "ws_url"} & set(parameters):
        return found
    factory: Any = as_factory(found) if inspect.isclass(found) else found
    given = ("base_url", "ws_url") if inspect.isclass(found) else tuple(parameters)

    async def bot(base_url: str, ws_url: str) -> Any:
        known = {"base_url": base_url, "ws_url": ws_url}
        made = factory(*(known[name] for name in given if name in known))
        made = await made if inspect.isawaitable(made) else made
        return _around(made) if isinstance(made, LLMService) else made

    bot.__module__, bot.__qualname__ = "", name_of(found)
    return bot


def _around(service: FrameProcessor) -> Pipeline:
    user, assistant = LLMContextAggregatorPair(LLMContext())
    return Pipeline([user, service, assistant])
