"""The user's bot on an eval line: hosted unchanged, with its turns recorded for the promises."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallsStartedFrame,
    InputDTMFFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi.processor import RTVIProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.services.llm_service import LLMService

from ninelives.bot.conversation import Conversation
from ninelives.bot.environment import KEY
from ninelives.bot.hosting import Host, pipeline_of
from ninelives.bot.listener import Direction
from ninelives.bot.turn import Turn
from ninelives.evals.hearing import Hearing
from ninelives.evals.line import EvalLine
from ninelives.lab.services import as_factory
from ninelives.voice.ears import Ears
from ninelives.voice.stand_ins import StandIns
from ninelives.voice.voice import Voice

QUIET = 5.0
"""Seconds without a frame after which the bot is checked again for quiet."""

A_MOMENT = 0.001
"""Seconds within which a frame that was just queued takes effect."""


class EvalBot(Conversation):
    """One bot for one eval, as an async context manager that waits for the harness at `url`.

    Args:
        bot: A function as in Pipecat's examples, one that returns a service, a pipeline or a worker.
        name: Its name in messages.
        base_url: The API, passed to the bot in OPENAI_BASE_URL or by name.
        ws_url: The same in WebSocket mode.
        key: The bot's API key in OPENAI_API_KEY.
        body: The suite's `runner_args.body` for the bot.
        bound: Seconds for the last turn to end after the harness has left.
        no_idle_timeout: Whether the bot's own idle timeout is off, because the user is silent for long.
        on_turn: Called with the number of a user's turn (from 1) as the user speaks.
    """

    def __init__(
        self,
        bot: Any,
        *,
        name: str = "",
        base_url: str,
        ws_url: str,
        key: str = KEY,
        body: Any = None,
        bound: float,
        no_idle_timeout: bool = False,
        on_turn: Callable[[int], None] = lambda number: None,
    ) -> None:
        super().__init__(lambda: self._happened.set(), self._unasked)
        self.line = EvalLine(
            self._user_says,
            self._settle,
            self._queue,
            lambda work: self._host.inside(work),
            lambda sound, seconds: self._hearing.hear(sound, seconds),
        )
        self._parts = self._stand_ins = StandIns(self.line, Ears(), Voice())
        self._hearing = Hearing(self._stand_ins, self._user_speaks, self._user_spoke)
        self._host = Host(
            bot,
            self.line,
            self._prepare,
            self._mishaps,
            base_url=base_url,
            ws_url=ws_url,
            key=key,
            name=name,
            arguments=RunnerArguments(body=body),
        )
        self._happened = asyncio.Event()
        self._bound, self._no_idle_timeout, self._on_turn = bound, no_idle_timeout, on_turn
        self._asked = 0
        self._said: deque[tuple[str, float]] = deque()
        """The user's words that the bot has not taken in yet, with the time."""
        self._last = 0.0
        self._answered = False
        """Whether the last response said something and called no tool, so that the next one was not asked
        for.
        """
        self.tells_spoken = False
        """Whether a service of the bot has the event `on_response_interrupted`."""

    # --- what came of it -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The URL to which the harness connects."""
        return self.line.url

    @property
    def turns(self) -> list[Turn]:
        """All turns so far."""
        return self._listener.turns

    @property
    def processors(self) -> list[FrameProcessor]:
        """Every processor of the worker with the line."""
        return self._stand_ins.on_the_line

    @property
    def services(self) -> list[LLMService[Any]]:
        """The LLM services of that worker."""
        return [each for each in self.processors if isinstance(each, LLMService)]

    # --- its life ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._starts_now()
        self.line.origin = self.started
        await self.line.open()
        try:
            await self._host.start()
        except BaseException:
            await self.line.close()
            raise
        self._mishaps.watch(self.processors)
        for service in self.services:
            self._reports.subscribe(service)
            self.tells_spoken |= "on_response_interrupted" in service._event_handlers
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await self.line.wait_until_left()
        await self._host.stop("the eval has ended")
        await self.line.close()
        if kind is None:
            self._host.raise_failure()

    def _prepare(self, worker: PipelineWorker) -> bool:
        has_line = self._stand_ins.prepare(worker)
        worker.add_observer(_Observer(self))
        if self._no_idle_timeout:
            worker._idle_timeout_secs = None  # only sound shows that a bot is not idle
        return has_line

    # --- turns ---------------------------------------------------------------------------------------------

    def _user_says(self, text: str) -> None:
        """Note that the user has said something, which interrupts an open turn.

        The new turn begins when the bot takes the words in; until then the bot ends what it was saying.
        """
        self._end_turn()
        if (going_on := self._listener.turn) is not None:
            going_on.interrupted = self._now()
        self._asked += 1
        self._said.append((text, self._now()))
        self._on_turn(self._asked)

    def _user_speaks(self) -> None:
        """Let the user start to speak, which interrupts the bot."""
        self._end_turn()
        if (going_on := self._listener.turn) is not None and going_on.interrupted is None:
            going_on.interrupted = self._now()

    def _user_spoke(self, text: str, at: float) -> None:
        """Note that the user has said something aloud; the turn begins at the end of it.

        If the bot has not begun to answer yet, both utterances are one turn.
        """
        self._end_turn()
        turn = self._listener.turn
        if turn is not None and turn.user is not None and not turn.frames:
            turn.user, turn.began, turn.interrupted = f"{turn.user} {text}", at - self.started, None
            return
        self._asked += 1
        self._said.append((text, at - self.started))
        self._on_turn(self._asked)
        self._begin_turn()

    def _begin_turn(self) -> None:
        """Note that the bot takes in what the user has said."""
        text, at = self._said.popleft()
        self._end_turn()
        self._listener.begin(Turn(len(self.turns) + 1, text, at))

    def _end_turn(self) -> None:
        """End the open turn, unless the bot is still busy with it."""
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
            await self._host.until_ended(self._host.drained())
            await asyncio.sleep(A_MOMENT)
            if self._listener.quiet and before == self._last:
                break
            if not self._listener.quiet:
                self._happened.clear()
                await self._host.until_ended(self._happened.wait(), QUIET)
        if (turn := self._listener.turn) is not None and self._listener.quiet:
            turn.ended = turn.frames[-1].at if turn.frames else self._now()

    # --- listening -----------------------------------------------------------------------------------------

    def pushed(self, data: FramePushed) -> None:
        """Note a frame that a processor of one of the bot's workers pushed for the first time."""
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
            if way == "down":
                self._follow(frame)
            self._listener.leaves(self._last, way, _audible(frame))

    def _follow(self, frame: Frame) -> None:
        """End a turn with its answer; if the bot then speaks unasked, that is a turn of its own."""
        match frame:
            case LLMFullResponseStartFrame():
                if self._answered and self._listener.quiet:
                    self._end_turn()
                self._answered = False
            case LLMTextFrame():
                self._answered = True
            case FunctionCallsStartedFrame() | FunctionCallInProgressFrame():
                self._answered = False  # Pipecat's own `cancel_` tools only send the second


class _Observer(BaseObserver):
    """Shows an EvalBot every frame that is pushed, once."""

    def __init__(self, bot: EvalBot) -> None:
        super().__init__(observe_every_push=False)
        self._bot = bot

    async def on_push_frame(self, data: FramePushed) -> None:
        """Show the frame."""
        self._bot.pushed(data)


def _audible(frame: Frame) -> Frame:
    """Count what the harness reads as heard: in text mode nothing is spoken."""
    if isinstance(frame, LLMTextFrame) and frame.skip_tts:
        frame = copy.copy(frame)
        frame.skip_tts = False
    return frame


def hostable(found: Any, name: str) -> Any:
    """Return the bot to host for the one that a user names: a service or a pipeline alone gets a worker with
    RTVI.
    """
    if not callable(found) or isinstance(found, FrameProcessor | PipelineWorker):
        return _with_worker(found)
    parameters = inspect.signature(found).parameters
    if not inspect.isclass(found) and not {"base_url", "ws_url"} & set(parameters):
        return found
    factory: Any = as_factory(found, name) if inspect.isclass(found) else found
    given = ("base_url", "ws_url") if inspect.isclass(found) else tuple(parameters)

    async def bot(base_url: str, ws_url: str) -> Any:
        known = {"base_url": base_url, "ws_url": ws_url}
        made = factory(*(known[each] for each in given if each in known))
        return _with_worker(await made if inspect.isawaitable(made) else made)

    # It counts as part of the named bot's file, but has parameters of its own.
    vars(bot).update(__signature__=inspect.signature(bot), __wrapped__=found)
    return bot


def _with_worker(made: Any) -> Any:
    if isinstance(made, LLMService):
        made = pipeline_of(made)
    return PipelineWorker(made) if isinstance(made, Pipeline) else made
