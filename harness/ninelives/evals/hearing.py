"""Turns the sound of the harness's user into the frames of voice detection and a recognizer, for the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipecat.frames.frames import (
    InterimTranscriptionFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
)
from pipecat.utils.time import time_now_iso8601

from ninelives.evals.worded_sound import Listener, is_silent
from ninelives.voice.ears import SPEAKER, Ears
from ninelives.voice.stand_ins import StandIns

RECOGNIZED_AFTER = 0.1
"""Seconds from the end of the user's speech, as the bot notices it, to the final transcription."""


class Hearing:
    """The user's sound as it reaches the bot, as long as it sounds on the loop's clock.

    Args:
        stand_ins: The call whose ears hear it.
        begun: Called when the user begins to speak.
        ended: Called when the bot notices the end, with what the user said and the time of the end.
    """

    def __init__(
        self, stand_ins: StandIns, begun: Callable[[], None], ended: Callable[[str, float], None]
    ) -> None:
        self._stand_ins, self._begun, self._ended = stand_ins, begun, ended
        self._listener = Listener()
        self._words: list[str] = []
        self._speaking = False
        self._recognizing: set[asyncio.Task[None]] = set()
        self._sounded = 0.0
        """Until when the user was heard."""

    async def hear(self, sound: bytes, seconds: float) -> None:
        """Take a chunk of sound that lasts `seconds` from now."""
        now = asyncio.get_running_loop().time()
        words = self._listener.hear(sound)
        if not is_silent(sound):
            self._sounded = now + seconds
            if not self._speaking:
                self._speaking = True
                self._begun()
                await self._ears[0].voice_begins(proposes=self._stand_ins.proposes)
        for word in words:
            self._words.append(word)
            text = " ".join(self._words)
            for each in self._ears:
                await each.push_frame(InterimTranscriptionFrame(text, SPEAKER, time_now_iso8601()))
        if self._speaking and now >= self._sounded + self._ears[0].stop_after - 1e-6:
            await self._end()

    async def _end(self) -> None:
        self._speaking = False
        text, self._words = " ".join(self._words), []
        if text:
            self._ended(text, self._sounded)
        await self._ears[0].voice_ends()
        recognizing = asyncio.create_task(self._recognize(text), name="the user is recognized")
        self._recognizing.add(recognizing)
        recognizing.add_done_callback(self._recognizing.discard)

    async def _recognize(self, text: str) -> None:
        await asyncio.sleep(RECOGNIZED_AFTER)
        for each in self._ears:
            if text:
                await each.push_frame(TranscriptionFrame(text, SPEAKER, time_now_iso8601(), finalized=True))
            if self._stand_ins.proposes:
                await each.broadcast_frame(ProposedUserStoppedSpeakingFrame)

    @property
    def _ears(self) -> list[Ears]:
        return self._stand_ins.hearing
