"""`VoiceCall`: a caller on the line with the user's whole bot."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable
from types import TracebackType
from typing import Any, Self

from pipecat.frames.frames import (
    ErrorFrame,
    LLMContextFrame,
    LLMFullResponseStartFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService

from ninelives.bot.conversation import Conversation
from ninelives.bot.hosting import Host
from ninelives.bot.listener import Direction
from ninelives.bot.transport import client_ready
from ninelives.bot.turn import TurnTimeout
from ninelives.frames.lines import to_lines
from ninelives.voice.ears import Ears
from ninelives.voice.line import Line
from ninelives.voice.moments import Moment, Words
from ninelives.voice.scene import Scene
from ninelives.voice.turn import VoiceTurn
from ninelives.voice.voice import Voice

TURN_BOUND = 120.0
"""Seconds on the loop's clock within which a turn must be over, its sound included."""

NO_ANSWER = 15.0
"""Seconds after which a bot that shows no sign of answering counts as having nothing to say."""

JUST_AFTER = 0.001
"""Seconds. A caller who cuts in does so just after: what begins at the same moment has begun."""

CLOCK = 1e-6
"""Seconds. A shorter wait need not move the loop's clock at all: it counts as over."""

QUIET = 5.0
"""Seconds without a frame after which Pipecat's flush probe counts as swallowed."""


class VoiceCall(Conversation):
    """A call to a whole bot, as an async context manager that gives the caller.

        async with VoiceCall(run_bot, base_url=server.base_url, ws_url=server.ws_url) as caller:
            turn = await caller.say("Please count.", cut_in=seconds(2.15))
        assert turn.played == "One two three four five six seven eight"

    Args:
        bot: A function as in Pipecat's examples (`run_bot(transport, runner_args)`, `bot(runner_args)`), one
            that gives a worker or a pipeline, or a worker or a pipeline.
        voice: What stands in for the bot's text to speech.
        ears: What stands in for its speech recognition.
        line: What stands in for its transports.
        base_url: The API, which the bot finds in OPENAI_BASE_URL; a function may ask for it by name.
        ws_url: The same in WebSocket mode, in OPENAI_WS_URL.
        timeout: The bound of a turn, in seconds on the loop's clock.
    """

    def __init__(
        self,
        bot: Any,
        *,
        voice: Voice | None = None,
        ears: Ears | None = None,
        line: Line | None = None,
        base_url: str = "",
        ws_url: str = "",
        timeout: float = TURN_BOUND,
    ) -> None:
        super().__init__(self._changed, self._unasked)
        self._bot = bot
        self._voice, self._ears, self._line = voice, ears, line
        self._urls = base_url, ws_url
        self.timeout = timeout
        self._happened = asyncio.Event()
        self._host: Host
        self._scene: Scene
        self.line: Line
        """The line, once the call has begun."""
        self._awaited: VoiceTurn | None = None
        """The turn to which no sign of an answer has come yet."""
        self._activity = 0
        self._voice_on = False
        self._marks = 0, 0
        """How many words and stretches of sound had been played when the turn that goes on began."""
        self._gone = False

    # --- what came of it -----------------------------------------------------------------------------------

    @property
    def turns(self) -> list[VoiceTurn]:
        """All turns so far."""
        return [turn for turn in self._listener.turns if isinstance(turn, VoiceTurn)]

    @property
    def connection_errors(self) -> list[str]:
        """The errors so far, as text."""
        return [error.message for error in self.errors]

    @property
    def context(self) -> LLMContext:
        """The bot's own context. Raises RuntimeError when the bot has none."""
        if (context := self._scene.context) is None:
            raise RuntimeError("the bot has no LLMUserAggregator, so there is no context to look at")
        return context

    @property
    def worker(self) -> PipelineWorker:
        """The bot's own worker, the one with the line."""
        assert self._host.worker is not None
        return self._host.worker

    @property
    def replaced(self) -> list[str]:
        """What was replaced, as `CartesiaTTSService by Voice`."""
        return self._scene.replaced

    # --- what a caller does --------------------------------------------------------------------------------

    async def say(self, text: str, *, cut_in: Moment | None = None) -> VoiceTurn:
        """Say something and listen until the turn is over, tool calls and their answers included.

        Speaking while the bot does interrupts it. With `cut_in`, the caller begins to speak at that moment of
        the answer, and counts as speaking until the next `say`; an answer that is over by then is not
        interrupted. Raises `TurnTimeout` when the turn is not over in time.
        """
        turn = await self._speak(text)
        if cut_in is None:
            return await self.listen(turn)
        over = asyncio.create_task(self._over(turn), name="the answer ends")
        try:
            if await self._wait_for(turn, cut_in, over):
                over.cancel()
                await self._open_mouth()
        finally:
            if not over.done():
                over.cancel()
        return await self.listen(turn)

    async def cut_in(self, text: str, at: Moment | None = None) -> VoiceTurn:
        """Say something while the bot speaks: at once, or at a moment of the turn that goes on."""
        turn = self._listener.turn
        if at is not None and isinstance(turn, VoiceTurn):
            over = asyncio.create_task(self._over(turn), name="the answer ends")
            try:
                await self._wait_for(turn, at, over)
            finally:
                over.cancel()
        return await self.say(text)

    async def hum(self, seconds: float = 0.5) -> None:
        """Make a noise that VAD takes for speech and nobody can transcribe."""
        await self._open_mouth()
        await asyncio.sleep(seconds + self._scene.hearing[0].stop_after)
        await self._close_mouth()

    async def pause(self, seconds: float) -> None:
        """Say nothing for a while, on the loop's clock."""
        await asyncio.sleep(seconds)

    async def listen(self, turn: VoiceTurn | None = None) -> VoiceTurn:
        """Wait until a turn is over: the given one, by default the last. Raises `TurnTimeout`."""
        if turn is None:
            if not self.turns:
                raise RuntimeError("nothing to listen to: nobody has said anything yet")
            turn = self.turns[-1]
        if turn.ended is None:
            try:
                async with asyncio.timeout(self.timeout):
                    await self._over(turn)
            except TimeoutError:
                turn.timed_out = True
                last = to_lines(turn.frames[-12:])
                raise TurnTimeout(turn, self.timeout, self._pending, last) from None
        return turn

    async def hang_up(self) -> None:
        """Leave: the bot's handlers learn of it, and what they do not end is ended."""
        if self._gone:
            return
        self._gone = True
        if not self._host.running.done():
            await self._host.inside(self.line.disconnect())
        await self._host.stop("the caller hung up")
        self._collect()

    # --- its life ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._starts_now()
        self.line = self._line or Line()
        self.line.origin = self.started
        self.line.on_change = self._collect
        self._scene = Scene(self.line, self._ears or Ears(), self._voice or Voice())
        base_url, ws_url = self._urls
        self._host = Host(
            self._bot, self.line, self._prepare, self._mishaps, base_url=base_url, ws_url=ws_url
        )
        await self._host.start()
        try:
            await self._host.inside(self.line.connect())
            if self.worker._rtvi is not None:
                await self.worker.queue_frame(client_ready())
            await self._hear_greeting()
        except asyncio.CancelledError:
            self._host.abandon()
            raise
        except BaseException:
            await self._host.stop("the call did not begin")
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()
        if kind is None:
            self._host.raise_what_it_raised()

    def _prepare(self, worker: PipelineWorker) -> bool:
        has_line = self._scene.prepare(worker)
        worker.add_observer(_Observer(self))
        return has_line

    async def _hear_greeting(self) -> None:
        """A bot may speak first when somebody connects. Nobody answers before it has."""
        self._mishaps.watch(self._scene.processors)
        await self._settle()
        if self._listener.turn is not None:
            await self.listen(self.turns[-1])

    # --- speaking ------------------------------------------------------------------------------------------

    async def _speak(self, text: str) -> VoiceTurn:
        self._require()
        if not text.strip():
            raise ValueError(f"say({text!r}): expected words; `hum` makes a noise without any")
        await self._open_mouth()
        hearing, proposes = self._scene.hearing, self._scene.proposes
        recognizing = [
            asyncio.create_task(ears.transcribe(text, proposes=proposes), name="the caller is recognized")
            for ears in hearing
        ]
        await asyncio.sleep(len(text.split()) * hearing[0].seconds_per_word)
        turn = VoiceTurn(number=0, user=text, began=self._now())
        self._begin(turn)
        self._awaited = turn
        await asyncio.sleep(hearing[0].stop_after)
        await self._close_mouth()
        await asyncio.gather(*recognizing)
        return turn

    async def _open_mouth(self) -> None:
        """Begin to speak; whatever turn goes on is cut into."""
        self._require()
        if self._voice_on:
            return
        self._voice_on = True
        turn = self._listener.turn
        if turn is not None and turn.interrupted is None:
            turn.interrupted = self._now()
        hearing = self._scene.hearing
        await asyncio.sleep(hearing[0].onset)
        await hearing[0].voice_begins(proposes=self._scene.proposes)

    async def _close_mouth(self) -> None:
        self._voice_on = False
        await self._scene.hearing[0].voice_ends()

    def _begin(self, turn: VoiceTurn) -> None:
        self._collect()
        turn.number = len(self._listener.turns) + 1
        self._marks = len(self.line.playback.words), len(self.line.playback.sounds)
        self._listener.begin(turn)

    def _unasked(self, at: float) -> VoiceTurn:
        turn = VoiceTurn(number=0, user=None, began=at)
        self._begin(turn)
        return turn

    def _require(self) -> None:
        if self._gone or not hasattr(self, "_host"):
            raise RuntimeError("nobody is on the line: use it inside `async with VoiceCall(...) as caller`")

    # --- listening -----------------------------------------------------------------------------------------

    async def _wait_for(self, turn: VoiceTurn, moment: Moment, over: asyncio.Task[None]) -> bool:
        """Wait for a moment of an answer. False: the answer is over before it comes."""
        while not over.done():
            at = _time_of(moment, turn)
            left = None if at is None else at + JUST_AFTER - self._now()
            if left is not None and left <= CLOCK:
                return True
            await self._change(over, left)
        over.result()
        return False

    async def _over(self, turn: VoiceTurn) -> None:
        """Wait until a turn is over: nothing is under way, nothing sounds and nothing waits to."""
        while self._awaited is turn and not self._host.ended:
            left = turn.began + NO_ANSWER - self._now()
            if left <= CLOCK:
                break
            await self._change(self._host.running, left)
        self._awaited = None
        await self._settle()
        self._collect()
        turn.context = copy.deepcopy(list(self._scene.context.get_messages())) if self._scene.context else []
        if turn.ended is None:
            turn.ended = self._now()
        self._changed()

    async def _settle(self) -> None:
        """Wait until nothing is under way in the bot and nothing sounds on the line."""
        while not self._host.ended:
            before = self._activity
            drained = await self._until_ended(self.worker.flush_pipeline(timeout=QUIET))
            await asyncio.sleep(JUST_AFTER)
            silent = self._silent
            if drained and silent and self._listener.quiet and before == self._activity:
                return
            if not drained and silent and self._listener.quiet and before == self._activity:
                return  # a processor swallows the probe
            if not self._listener.quiet or not silent:
                await self._change(self._host.running, QUIET)

    async def _until_ended(self, waiting: Awaitable[bool]) -> bool:
        """Wait for something, or for the end of the bot."""
        task = asyncio.ensure_future(waiting)
        try:
            await asyncio.wait([task, self._host.running], return_when=asyncio.FIRST_COMPLETED)
            return task.done() and task.result()
        finally:
            task.cancel()

    @property
    def _pending(self) -> str:
        if not self._listener.quiet:
            return self._listener.pending
        return self._listener.pending if self._silent else "the bot speaks"

    @property
    def _silent(self) -> bool:
        return self._scene.silent and self.line.playback.silent(self._now())

    async def _change(self, also: asyncio.Task[None], timeout: float | None) -> None:
        """Wait until anything happens, a task ends, or so many seconds have passed."""
        self._happened.clear()
        happened = asyncio.create_task(self._happened.wait(), name="anything happens")
        try:
            await asyncio.wait([happened, also], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            happened.cancel()

    def _changed(self) -> None:
        self._happened.set()

    def _collect(self) -> None:
        """Give the turn that goes on, or the last one, what was played since it began."""
        turn = self._listener.turns[-1] if self._listener.turns else None
        if isinstance(turn, VoiceTurn):
            words, sounds = self._marks
            turn.words[:] = self.line.playback.words[words:]
            turn.sounds[:] = self.line.playback.sounds[sounds:]
        self._changed()

    def pushed(self, data: FramePushed) -> None:
        """A frame was pushed for the first time, by any processor of any of the bot's workers."""
        frame, source = data.frame, data.source
        way: Direction = "down" if data.direction is FrameDirection.DOWNSTREAM else "up"
        asks = isinstance(frame, LLMContextFrame) and (isinstance(source, LLMUserAggregator) or way == "up")
        if asks or isinstance(frame, LLMFullResponseStartFrame | TTSSpeakFrame):
            self._awaited = None
        if asks or isinstance(frame, LLMFullResponseStartFrame | TTSSpeakFrame | TTSStartedFrame):
            self._activity += 1
        own = isinstance(source, LLMService) or isinstance(frame, TTSSpeakFrame)
        if own or (isinstance(frame, ErrorFrame) and way == "up"):
            self._listener.leaves(self._now(), way, frame)


class _Observer(BaseObserver):
    """Shows a call every frame that is pushed, once."""

    def __init__(self, call: VoiceCall) -> None:
        super().__init__(observe_every_push=False)
        self._call = call

    async def on_push_frame(self, data: FramePushed) -> None:
        """Show the frame."""
        self._call.pushed(data)


def _time_of(moment: Moment, turn: VoiceTurn) -> float | None:
    """When a moment of a turn comes. None: not known yet."""
    if isinstance(moment, Words):
        return turn.words[moment.count - 1].at if len(turn.words) >= moment.count else None
    return turn.sounds[0].began + moment.value if turn.sounds else None
