"""The speech of a caller: sends voice activity and words to the bot's speech recognition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ninelives.bot.listener import Listener
from ninelives.voice.line import Line
from ninelives.voice.stand_ins import StandIns
from ninelives.voice.turn import VoiceTurn
from ninelives.voice.turn_tracker import TurnTracker


class CallerSpeech:
    """The speech of one caller. Nothing that is said while the line is lost reaches the bot."""

    def __init__(self, stand_ins: StandIns, line: Line, listener: Listener, tracker: TurnTracker) -> None:
        self._stand_ins = stand_ins
        self._line = line
        self._listener = listener
        self._tracker = tracker
        self._open = False

    async def say(self, text: str, said: Callable[[], None] = lambda: None) -> VoiceTurn:
        """Speak, and return the turn that begins with the end of the words. `said` is called at that
        moment.
        """
        await self.open()
        ears = self._stand_ins.hearing[0]
        recognizing = [
            asyncio.create_task(
                each.transcribe(text, proposes=self._stand_ins.proposes), name="the caller is recognized"
            )
            for each in self._stand_ins.hearing
            if not self._line.lost
        ]
        await asyncio.sleep(len(text.split()) * ears.seconds_per_word)
        turn = VoiceTurn(number=0, user=text, began=self._line.now())
        self._tracker.begin(turn, awaited=True)
        said()
        await asyncio.sleep(ears.stop_after)
        await self.close()
        await asyncio.gather(*recognizing)
        return turn

    async def hum(self, seconds: float) -> None:
        """Make a noise that VAD detects as speech, and that cannot be transcribed."""
        await self.open()
        await asyncio.sleep(seconds + self._stand_ins.hearing[0].stop_after)
        await self.close()

    async def open(self) -> None:
        """Begin to speak; this interrupts an open turn."""
        if self._open:
            return
        self._open = True
        if self._listener.turn is not None:
            await self._tracker.just_after()
        turn = self._listener.turn
        if turn is not None and turn.interrupted is None:
            turn.interrupted = self._line.now()
        ears = self._stand_ins.hearing[0]
        await asyncio.sleep(ears.onset)
        if not self._line.lost:
            await ears.voice_begins(proposes=self._stand_ins.proposes)

    async def close(self) -> None:
        """Stop speaking."""
        self._open = False
        if not self._line.lost:
            await self._stand_ins.hearing[0].voice_ends()
