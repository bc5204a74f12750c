"""The user of a bot without sound: says one thing after another, and interrupts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import Frame, InterruptionFrame

from ninelives.bot.barge_in import BargeIn
from ninelives.bot.listener import Direction, Listener, spoken
from ninelives.bot.moments import Moment, SinceAsked, Words
from ninelives.bot.speech import Speech
from ninelives.bot.tapped import Forward
from ninelives.bot.turn import Turn
from ninelives.bot.turn_end import TurnEnd


class SimulatedUser:
    """One bot's user. `queue` sends a frame into the pipeline where the user's voice enters it."""

    def __init__(
        self,
        listener: Listener,
        watch: TurnEnd,
        queue: Callable[[Frame], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self.speech: Speech | None = None
        """The frames for the user's actions; None if there is no user yet."""
        self._listener = listener
        self._watch = watch
        self._queue = queue
        self._now = now
        self._barge_in = BargeIn(self._cut_in, watch.change)
        self._speaking: asyncio.Task[None] | None = None

    def begin(self, text: str | None, frames: Callable[[], list[Frame]]) -> Turn:
        """Say something, once everything said before has passed, and return its turn at once."""
        turn = Turn(number=0, user=text, began=self._now())
        self._speaking = asyncio.create_task(
            self._speak(turn, frames, self._speaking), name=f"user says {text!r}"
        )
        return turn

    async def finish(self) -> None:
        """Wait until everything is said."""
        if self._speaking is not None:
            await self._speaking

    async def stop(self) -> None:
        """Say nothing more, and wait for nothing."""
        if self._speaking is not None and not self._speaking.done():
            self._speaking.cancel()
            await asyncio.wait([self._speaking])
        await self._watch.stop()

    async def interrupt(self, after_words: int | None) -> Turn | None:
        """Interrupt, at once or at the n-th word. Return the turn that was open."""
        await self.finish()
        turn = self._listener.turn
        if after_words is not None and turn is not None:
            await self._barge_in.after(turn, after_words)
        elif turn is None or turn.interrupted is None:
            await self._barge_in.now()
        return turn

    async def interrupt_at(self, turn: Turn, moment: Moment) -> None:
        """Interrupt at a moment of a turn, unless the turn is over by then."""
        await self.finish()
        if isinstance(moment, Words):
            await self._barge_in.after(turn, moment.count)
            return
        if isinstance(moment, SinceAsked):
            await asyncio.sleep(moment.value)
            if turn.interrupted is None:
                await self._barge_in.now()
            return
        while turn.ended is None and not turn.timed_out and not turn.heard:
            await self._watch.change()
        await asyncio.sleep(moment.value if turn.heard else 0.0)
        if turn.ended is None and turn.interrupted is None:
            await self._barge_in.now()

    async def hum(self, seconds: float) -> None:
        """Make a noise without words."""
        assert self.speech is not None
        await self.finish()
        await self._barge_in.now()
        await asyncio.sleep(seconds)
        for frame in self.speech.hums():
            await self._queue(frame)

    def unasked(self, at: float) -> Turn:
        """Open a turn in which the bot speaks without being asked."""
        turn = Turn(number=0, user=None, began=at)
        self._open(turn)
        return turn

    async def _speak(
        self, turn: Turn, frames: Callable[[], list[Frame]], before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        if turn.user is not None:
            await self._barge_in.now()
        turn.began = self._now()
        self._open(turn)
        for frame in frames():
            await self._queue(frame)

    async def _cut_in(self) -> bool:
        assert self.speech is not None
        frames = self.speech.cuts_in(self._listener.turn is not None)
        for frame in frames:
            await self._queue(frame)
        return bool(frames)

    def _open(self, turn: Turn) -> None:
        turn.number = len(self._listener.turns) + 1
        self._listener.begin(turn)
        self._watch.begin(turn)

    # --- what the taps see ---------------------------------------------------------------------------------

    async def before_service(self, frame: Frame, direction: Direction, forward: Forward) -> None:
        """Note a frame on the service's input side."""
        if direction == "up":
            self._listener.leaves(self._now(), direction, frame)
        elif self._listener.cut_in(self._now(), frame):
            self._barge_in.made()
            self._watch.changed()
        await forward()

    async def after_service(self, frame: Frame, direction: Direction, forward: Forward) -> None:
        """Note a frame on the service's output side."""
        if direction == "down":
            self._listener.leaves(self._now(), direction, frame)
            if isinstance(frame, InterruptionFrame):
                self._barge_in.passed()
        await forward()
        if direction == "down" and spoken(frame):
            await self._barge_in.said(self._listener.turn)
