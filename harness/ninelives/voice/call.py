"""`VoiceCall`: a caller on the line with the user's whole bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self

from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import LLMService

from ninelives.bot.conversation import Conversation, latest
from ninelives.bot.hosting import Host, pipeline_of
from ninelives.bot.moments import Moment
from ninelives.bot.speech import context_in, everything_in
from ninelives.bot.tools import Tools, add_to
from ninelives.bot.turn import TurnTimeout
from ninelives.frames.lines import to_lines
from ninelives.voice.caller_speech import CallerSpeech
from ninelives.voice.ears import Ears
from ninelives.voice.line import Line
from ninelives.voice.stand_ins import StandIns
from ninelives.voice.turn import VoiceTurn
from ninelives.voice.turn_tracker import TurnTracker
from ninelives.voice.voice import Voice

TURN_BOUND = 120.0
"""Seconds on the loop's clock within which a turn must be over, including its sound."""

NOTICED = 5.0
"""Seconds until a transport notices that its caller is gone."""


class VoiceCall(Conversation):
    """A call to a whole bot, as an async context manager that returns the caller.

        async with VoiceCall(run_bot, base_url=server.base_url, ws_url=server.ws_url) as caller:
            turn = await caller.say("Please count.", cut_in=seconds(2.15))
        assert turn.played == "One two three four five six seven eight"

    Args:
        bot: A function as in Pipecat's examples (`run_bot(transport, runner_args)`, `bot(runner_args)`), one
            that returns a worker or a pipeline, or a worker, a pipeline or an LLM service.
        voice: Replaces the bot's text-to-speech.
        ears: Replaces its speech recognition.
        line: Replaces its transports.
        tools: Functions by name, or a list of them, in addition to the tools of the bot's own context.
        base_url: The API, passed to the bot in OPENAI_BASE_URL or by name.
        ws_url: The same in WebSocket mode, in OPENAI_WS_URL.
        name: The bot's name in messages.
        timeout: The limit for a turn, in seconds on the loop's clock.
    """

    def __init__(
        self,
        bot: Any,
        *,
        voice: Voice | None = None,
        ears: Ears | None = None,
        line: Line | None = None,
        tools: Tools = (),
        base_url: str = "",
        ws_url: str = "",
        name: str = "",
        timeout: float = TURN_BOUND,
    ) -> None:
        super().__init__(lambda: self._tracker.changed(), lambda at: self._tracker.unasked(at), tools)
        self.on_question: Callable[[], None] = lambda: None
        """Called when the caller has spoken their last word, before the bot knows it."""
        self.line = line or Line()
        """The line."""
        self.timeout = timeout
        self._parts = self._stand_ins = StandIns(self.line, ears or Ears(), voice or Voice())
        self._host = Host(
            pipeline_of(bot) if isinstance(bot, LLMService | ServiceSwitcher) else bot,
            self.line,
            self._prepare,
            self._mishaps,
            base_url=base_url,
            ws_url=ws_url,
            name=name,
            serve=pipeline_of,
        )
        self._tracker = TurnTracker(self._host, self._stand_ins, self.line, self._listener)
        self._speech = CallerSpeech(self._stand_ins, self.line, self._listener, self._tracker)
        self.line.on_change = self._tracker.collect
        self._losing: list[tuple[Moment, float | None]] = []
        """The moment of the next answer at which the line is lost, and the length of the loss."""
        self._tasks: list[asyncio.Task[None]] = []
        self._gone = False

    # --- what came of it -----------------------------------------------------------------------------------

    @property
    def turns(self) -> list[VoiceTurn]:
        """All turns so far."""
        return [turn for turn in self._listener.turns if isinstance(turn, VoiceTurn)]

    @property
    def context(self) -> LLMContext:
        """The bot's own context. Raises RuntimeError if the bot has none."""
        if (context := self._stand_ins.context) is None:
            raise RuntimeError("the bot has no LLMUserAggregator, so it has no context")
        return context

    @property
    def replaced(self) -> list[str]:
        """The replacements, for example `CartesiaTTSService by Voice`."""
        return self._stand_ins.replaced

    # --- what a caller does --------------------------------------------------------------------------------

    async def say(self, text: str, *, cut_in: Moment | None = None) -> VoiceTurn:
        """Say something and listen until the turn is over, including tool calls and the answers to them.

        Speaking while the bot does interrupts it. With `cut_in`, the caller begins to speak at that moment of
        the answer, and counts as speaking until the next `say`; an answer that is over by then is not
        interrupted.
        Raises `TurnTimeout` if the turn is not over in time.
        """
        self._require()
        if not text.strip():
            raise ValueError(f"say({text!r}): expected words; use `hum` for a noise without words")
        if self._stand_ins.context is not None:
            add_to(self.context, self._tools)  # again, because Flows gives each of its nodes other tools
        turn = await self._speech.say(text, lambda: self.on_question())
        self._lose_later(turn)
        if cut_in is not None and await self._tracker.moment(turn, cut_in):
            await self._speech.open()
        return await self.listen(turn)

    async def cut_in(self, text: str, at: Moment | None = None) -> VoiceTurn:
        """Say something while the bot speaks: at once, or at a moment of the open turn."""
        self._require()
        turn = self._listener.turn
        if at is not None and isinstance(turn, VoiceTurn):
            await self._tracker.moment(turn, at)
        return await self.say(text)

    async def hum(self, seconds: float = 0.5) -> None:
        """Make a noise that VAD detects as speech, and that cannot be transcribed."""
        self._require()
        await self._speech.hum(seconds)

    async def listen(self, turn: VoiceTurn | None = None) -> VoiceTurn:
        """Wait until a turn is over: the given one, by default the last. Raises `TurnTimeout`."""
        turn = turn or latest(self.turns)
        if turn.ended is None:
            try:
                async with asyncio.timeout(self.timeout):
                    await self._tracker.over(turn)
            except TimeoutError:
                turn.timed_out = True
                last = to_lines(turn.frames[-12:])
                raise TurnTimeout(turn, self.timeout, self._tracker.pending, last) from None
        return turn

    async def hang_up(self) -> None:
        """Hang up: the bot's handlers are called, and everything that they do not end is cancelled."""
        if self._gone:
            return
        self._gone = True
        for task in self._tasks:
            task.cancel()
        await self._disconnect(self.line)
        await self._host.stop("the caller hung up")
        self._tracker.collect()

    def lose_line(self, seconds: float | None = None, *, at: Moment | None = None) -> None:
        """Lose the line, at once or at a moment of the answer to the next `say`.

        Then nothing is heard on either side, and everything that the bot says meanwhile is lost. `seconds`:
        for how long. None: for good, and the bot's transport notices after 5 s, as if the caller had hung up.
        """
        self._require()
        if at is not None:
            self._losing.append((at, seconds))
        else:
            self._lose(seconds)

    # --- its life ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._starts_now()
        self.line.origin = self.started
        await self._start(self._host)
        async with self._host.beginning():
            if await self._connect(self.line):
                await self.listen(self.turns[-1])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self.hang_up()
        if kind is None:
            self._host.raise_failure()

    def _prepare(self, worker: PipelineWorker) -> bool:
        has_line = self._stand_ins.prepare(worker)
        inside = list(everything_in([worker.pipeline]))
        worker.add_observer(self._tracker)
        context = self._stand_ins.context if has_line else context_in(inside)
        self._adopt(inside, [each for each in inside if isinstance(each, LLMService)], context)
        return has_line

    async def _drained(self) -> None:
        await self._tracker.settle()

    # --- the line ------------------------------------------------------------------------------------------

    def _lose_later(self, turn: VoiceTurn) -> None:
        for moment, seconds in self._losing:
            losing = self._lose_at(turn, moment, seconds)
            self._tasks.append(asyncio.create_task(losing, name="the line gets lost"))
        self._losing.clear()

    async def _lose_at(self, turn: VoiceTurn, moment: Moment, seconds: float | None) -> None:
        if await self._tracker.moment(turn, moment):
            await self._tracker.just_after()
            self._lose(seconds)

    def _lose(self, seconds: float | None) -> None:
        self.line.lose(seconds)
        if seconds is None:
            self._tasks.append(asyncio.create_task(self._notice(), name="the loss is noticed"))

    async def _notice(self) -> None:
        await asyncio.sleep(NOTICED)
        await self._host.inside(self.line.disconnect())

    def _require(self) -> None:
        if self._gone or self._host.worker is None:
            raise RuntimeError("the call is not running: use it inside `async with VoiceCall(...) as caller`")
