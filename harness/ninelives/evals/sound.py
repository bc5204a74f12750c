"""The voice and the speech recognizer of Pipecat's harness, without a provider or a model.

Both work on sound that carries its words (`worded_sound`): the voice writes words into it, the recognizer
reads them. The harness's own models for the bot's turns (voice activity, end of turn) only understand real
voices, so they are replaced too.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pipecat.evals.client as client_module
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState
from pipecat.frames.frames import (
    Frame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.time import time_now_iso8601

from ninelives.evals.files import Loaded
from ninelives.evals.worded_sound import Listener, is_silent, sound_of
from ninelives.voice.analyzer import ScriptedTurnAnalyzer

RATE = 16_000
"""Sample rate of the user's sound, if the scenario does not set it."""


GAP = 0.1
"""Seconds without sound that still count as speech, because a chunk may be late on the real clock."""


class UserVoice(TTSService):
    """The user's voice in Pipecat's harness, in place of its `CachingTTSService`."""

    def __init__(self) -> None:
        super().__init__(settings=TTSSettings(model=None, voice=None, language=None))

    async def synthesize(self, text: str) -> bytes:
        """Return the sound of a text."""
        return sound_of(text.split(), self.sample_rate)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak a text."""
        yield TTSStartedFrame()
        yield TTSAudioRawFrame(await self.synthesize(text), self.sample_rate, 1)
        yield TTSStoppedFrame()


class BotRecognizer(SegmentedSTTService):
    """Finds the bot's words in its sound, segment by segment."""

    def __init__(self) -> None:
        super().__init__(settings=STTSettings(model=None, language=None), ttfs_p99_latency=0.1)

    @property
    def wants_wav_segments(self) -> bool:
        """False: it reads samples."""
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Give the words of a segment."""
        words = Listener().hear(audio)
        if words:
            yield TranscriptionFrame(" ".join(words), "bot", time_now_iso8601())


class AnySound(VADAnalyzer):
    """Treats any sound as speech, and also the gap that a late chunk leaves."""

    def __init__(self, *, params: VADParams | None = None) -> None:
        given = params or VADParams()
        stop = max(GAP, given.stop_secs - GAP)
        super().__init__(params=given.model_copy(update={"min_volume": 0.0, "stop_secs": stop}))
        self._silent = math.inf
        """Seconds since the last sound."""

    def num_frames_required(self) -> int:
        """20 ms."""
        return self.sample_rate // 50

    def voice_confidence(self, buffer: bytes) -> float:
        """1 while there is sound, or was just before."""
        self._silent = self._silent + len(buffer) / (2 * self.sample_rate) if is_silent(buffer) else 0.0
        return float(self._silent < GAP)

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """Analyze the sound in this thread: another thread would not know the loop's time."""
        return self._run_analyzer(buffer)


def spoken(scenario: Loaded) -> Loaded:
    """Return the scenario as our voices can speak it: recordings are replaced by their text."""
    changed: dict[str, Any] = {}
    if scenario.user_audio:
        changed["user_speech"] = {"sample_rate": RATE, **(scenario.user_speech or {})}
        if hasattr(scenario, "turns"):
            changed["turns"] = [replace(turn, audio=None) for turn in scenario.turns]
    return replace(scenario, **changed) if changed else scenario


def services_for(scenario: Loaded) -> dict[str, Any]:
    """Return the services that a session needs to play a scenario with sound."""
    services: dict[str, Any] = {}
    if scenario.user_audio:
        services["user_tts"] = UserVoice()
    wants = getattr(scenario, "wants_response", lambda: True)
    if scenario.bot_audio and wants():
        services["bot_stt"] = BotRecognizer()
    return services


def understand_the_bot(client: Any) -> None:
    """Make a harness's client divide our sound into turns, instead of a real voice."""
    build = client._bot_turn_aggregator

    def aggregator(context: Any) -> Any:
        with _no_model():
            made = build(context)
        for strategy in made._user_turn_controller.user_turn_strategies.stop or ():
            if getattr(strategy, "_turn_analyzer", None) is not None:
                strategy._turn_analyzer = ScriptedTurnAnalyzer()
        return made

    client._bot_turn_aggregator = aggregator


@contextmanager
def _no_model() -> Iterator[None]:
    """Give the harness our voice activity model while it builds."""
    module: Any = client_module
    theirs = module.SileroVADAnalyzer
    module.SileroVADAnalyzer = AnySound
    try:
        yield
    finally:
        module.SileroVADAnalyzer = theirs
