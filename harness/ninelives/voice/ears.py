"""Speech recognition without audio: a test's words become the frames that VAD and a recognizer would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Self

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.utils.time import time_now_iso8601

from ninelives.voice.speech_stand_in import StandIn

SPEAKER = "caller"
"""The `user_id` of every transcription."""


class Ears(StandIn, STTService):
    """A Pipecat `STTService` that hears a script.

    Args:
        words_per_minute: The caller's rate of speech.
        onset: Seconds from the caller's first sound until VAD detects speech. By default 0: the
            bot notices an interruption at once. Pipecat's own VAD needs 0.2 s.
        stop: Seconds of silence until VAD detects the end of speech.
        delay: Seconds from a word to its transcription, and from the last one to the final transcription.
        interim: Whether interim transcriptions are sent, one per word.
        mishear: Called with what the caller said; returns what is recognized.
    """

    def __init__(
        self,
        *,
        words_per_minute: float = 200.0,
        onset: float = 0.0,
        stop: float = 0.2,
        delay: float = 0.3,
        interim: bool = True,
        mishear: Callable[[str], str] = str,
        **options: Any,
    ) -> None:
        if not words_per_minute > 0:
            raise ValueError(f"words_per_minute={words_per_minute!r}: expected a rate above 0")
        for name, value in (("onset", onset), ("stop", stop), ("delay", delay)):
            if not value >= 0:
                raise ValueError(f"{name}={value!r}: expected seconds, 0 or more")
        options.setdefault("settings", STTSettings(model=None, language=None))
        super().__init__(ttfs_p99_latency=delay, **options)
        self._made_with: dict[str, Any] = {
            "words_per_minute": words_per_minute,
            "onset": onset,
            "stop": stop,
            "delay": delay,
            "interim": interim,
            "mishear": mishear,
        }
        self.seconds_per_word = 60.0 / words_per_minute
        """The length of each of the caller's words in seconds."""
        self.onset = onset
        self.stop_after = stop
        self._delay = delay
        self._interim = interim
        self._mishear = mishear

    def another(self) -> Ears:
        """Return ears of the same kind, for a bot that has several speech recognizers."""
        return Ears(**self._made_with)

    def stand_in_for(self, service: STTService) -> Self:
        """Take over the event handlers of a bot's own service."""
        self.answer_for(service)
        return self

    def service_metadata_frame(self) -> STTMetadataFrame:
        """Recommend the turn strategies that the bot's own service recommends, if it detects turns itself."""
        frame = super().service_metadata_frame()
        if isinstance(self._original, STTService):
            frame.user_turn_strategies = self._original.service_metadata_frame().user_turn_strategies
        return frame

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Ignore audio: the words come from the test."""
        for _ in ():
            yield None

    # --- voice activity ------------------------------------------------------------------------------------

    async def voice_begins(self, *, proposes: bool) -> None:
        """Report that VAD detected speech. `proposes`: the bot leaves turns to its speech service."""
        await self.broadcast_frame(VADUserStartedSpeakingFrame, start_secs=self.onset)
        if proposes:
            await self.broadcast_frame(ProposedUserStartedSpeakingFrame)

    async def voice_ends(self) -> None:
        """Report that VAD detected the end of speech."""
        await self.broadcast_frame(VADUserStoppedSpeakingFrame, stop_secs=self.stop_after)

    # --- transcriptions ------------------------------------------------------------------------------------

    async def transcribe(self, text: str, *, proposes: bool) -> None:
        """Send the interim transcriptions of words that begin now, and the final one."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        heard = self._mishear(text)
        recognized = heard.split()
        spoken = len(text.split())
        if self._interim:
            for count in range(1, min(spoken, len(recognized))):
                await _until(began + count * self.seconds_per_word + self._delay)
                frame = InterimTranscriptionFrame(" ".join(recognized[:count]), SPEAKER, time_now_iso8601())
                await self.push_frame(frame)
        await _until(began + spoken * self.seconds_per_word + self._delay)
        if heard.strip():
            await self.push_frame(TranscriptionFrame(heard, SPEAKER, time_now_iso8601(), finalized=True))
        if proposes:
            await self.broadcast_frame(ProposedUserStoppedSpeakingFrame)


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
