"""Tracks the turns of a call: the moments of an answer, and when a turn is over."""

from __future__ import annotations

import asyncio
import copy

from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseStartFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService

from ninelives.bot.hosting import Host
from ninelives.bot.listener import Direction, Listener
from ninelives.bot.moments import Moment, SinceAsked, Words
from ninelives.voice.line import Line
from ninelives.voice.stand_ins import StandIns
from ninelives.voice.turn import VoiceTurn

NO_ANSWER = 15.0
"""Seconds without a sign of an answer after which the bot counts as having nothing to say."""

JUST_AFTER = 0.001
"""Seconds after a moment at which a caller interrupts there, so that a sound that begins at that moment has
begun.
"""

CLOCK = 1e-6
"""Seconds. A shorter wait need not move the loop's clock at all, so it counts as over."""

QUIET = 5.0
"""Seconds without a frame after which the bot is checked again for quiet."""


class TurnTracker(BaseObserver):
    """Follows the frames of a bot's workers and the sound on its line, turn by turn."""

    def __init__(self, host: Host, stand_ins: StandIns, line: Line, listener: Listener) -> None:
        super().__init__(observe_every_push=False)
        self._host = host
        self._stand_ins = stand_ins
        self._line = line
        self._listener = listener
        self._happened = asyncio.Event()
        self._awaited: VoiceTurn | None = None
        """The turn that has no sign of an answer yet."""
        self._activity = 0
        self._marks = 0, 0
        """How many words and stretches of sound had been played when the open turn began."""

    def begin(self, turn: VoiceTurn, *, awaited: bool = False) -> None:
        """Follow this turn from now on. `awaited`: whether an answer should come."""
        self.collect()
        turn.number = len(self._listener.turns) + 1
        self._marks = len(self._line.playback.words), len(self._line.playback.sounds)
        self._listener.begin(turn)
        if awaited:
            self._awaited = turn

    def unasked(self, at: float) -> VoiceTurn:
        """Open a turn in which the bot speaks without being asked."""
        turn = VoiceTurn(number=0, user=None, began=at)
        self.begin(turn)
        return turn

    async def moment(self, turn: VoiceTurn, moment: Moment) -> bool:
        """Wait for a moment of an answer; return False if the answer is over before."""
        over = asyncio.create_task(self.over(turn), name="the answer ends")
        try:
            while not over.done():
                at = _time_of(moment, turn)
                left = None if at is None else at - self._line.now()
                if left is not None and left <= CLOCK:
                    return True
                await self._change(over, left)
            over.result()
            return False
        finally:
            over.cancel()

    async def just_after(self) -> None:
        """Wait until the sound that begins at this moment has begun. Ties are frequent on the virtual clock,
        and it is chance whether the bot's timer or the caller's runs first.
        """
        await asyncio.sleep(JUST_AFTER)

    async def over(self, turn: VoiceTurn) -> None:
        """Wait until a turn is over: nothing is pending, nothing sounds and nothing waits to sound."""
        while self._awaited is turn and not self._host.ended:
            left = turn.began + NO_ANSWER - self._line.now()
            if left <= CLOCK:
                break
            await self._change(self._host.running, left)
        self._awaited = None
        await self.settle()
        self.collect()
        turn.context = (
            copy.deepcopy(list(self._stand_ins.context.get_messages())) if self._stand_ins.context else []
        )
        if turn.ended is None:
            turn.ended = self._line.now()
        self.changed()

    async def settle(self) -> None:
        """Wait until nothing is pending in the bot and nothing sounds on the line."""
        while not self._host.ended:
            before = self._activity
            await self._host.until_ended(self._host.drained())  # or the bot swallowed the probe
            await asyncio.sleep(JUST_AFTER)
            quiet = self._listener.quiet and self._silent
            if quiet and before == self._activity:
                return
            if not quiet:
                await self._change(self._host.running, QUIET)

    def collect(self) -> None:
        """Add what was played since the open turn, or the last one, began."""
        turn = self._listener.turns[-1] if self._listener.turns else None
        if isinstance(turn, VoiceTurn):
            words, sounds = self._marks
            turn.words[:] = self._line.playback.words[words:]
            turn.sounds[:] = self._line.playback.sounds[sounds:]
        self.changed()

    def changed(self) -> None:
        """Note that something happened."""
        self._happened.set()

    @property
    def pending(self) -> str:
        """Describe what is still open."""
        if not self._listener.quiet or self._silent:
            return self._listener.pending
        return "the bot speaks"

    @property
    def _silent(self) -> bool:
        return self._stand_ins.silent and self._line.playback.silent(self._line.now())

    async def _change(self, also: asyncio.Task[None], timeout: float | None) -> None:
        """Wait until anything happens, a task ends, or the time in seconds is over."""
        self._happened.clear()
        happened = asyncio.create_task(self._happened.wait(), name="anything happens")
        try:
            await asyncio.wait([happened, also], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            happened.cancel()

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note a frame that a processor of one of the bot's workers pushed for the first time."""
        frame, source = data.frame, data.source
        way: Direction = "down" if data.direction is FrameDirection.DOWNSTREAM else "up"
        asks = isinstance(frame, LLMContextFrame) and (isinstance(source, LLMUserAggregator) or way == "up")
        if asks or isinstance(frame, LLMFullResponseStartFrame | TTSSpeakFrame):
            if self._awaited is not None:
                self._awaited.asked = self._line.now()
            self._awaited = None
        if asks or isinstance(frame, LLMFullResponseStartFrame | TTSSpeakFrame | TTSStartedFrame):
            self._activity += 1
        if isinstance(frame, InterruptionFrame) and isinstance(turn := self._listener.turn, VoiceTurn):
            turn.stopped = self._line.now() if turn.stopped is None else turn.stopped
        model = isinstance(source, LLMService) and self._stand_ins.is_heard(source)
        own = model or isinstance(frame, TTSSpeakFrame)
        if own or (isinstance(frame, ErrorFrame) and way == "up"):
            self._listener.leaves(self._line.now(), way, frame)


def _time_of(moment: Moment, turn: VoiceTurn) -> float | None:
    """Return the time of a moment of a turn; None if that is not known yet."""
    if isinstance(moment, Words):
        return turn.words[moment.count - 1].at if len(turn.words) >= moment.count else None
    if isinstance(moment, SinceAsked):
        return None if turn.asked is None else turn.asked + moment.value
    return turn.sounds[0].began + moment.value if turn.sounds else None
