"""A voice without a provider: words of a fixed length, as silence, with the time at which each begins."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame, TTSStoppedFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.utils.errors import ErrorCategory

from ninelives.voice.faults import VoiceFault
from ninelives.voice.speech_stand_in import StandIn

WORD = "ninelives.word"
"""The key in an audio frame's `metadata` for the word that begins with the frame."""

Delay = float | tuple[float, float]
"""Seconds, or a range from which each delay is drawn."""

_KEPT = (
    "_skip_text_types",
    "_text_transforms",
    "_text_filters",
    "_transport_destination",
    "_text_aggregation_mode",
    "_text_aggregator",
    "_skipped_text_aggregator",
    "_aggregated_frame_sequencer",
    "_stop_frame_timeout_s",
)
"""Settings of the bot's own service that the stand-in takes over: they determine the spoken text, and how
long Pipecat waits for it.
"""

_ENDS = frozenset(".!?")

_LATE = 0.001
"""Seconds that are added to a delay that would end exactly when Pipecat stops waiting for sound. On a real
clock the two never meet; on the virtual one the sound would be lost between them.
"""


class Voice(StandIn, TTSService):
    """A Pipecat `TTSService` with word timestamps whose sound is silence of the right length.

    It behaves as Pipecat's services with timestamps do: sentences are aggregated, a turn has one audio
    context, and the time of a word counts from the first sound of its context. If it replaces a service that
    gets single tokens, it speaks each word as soon as the next one begins.

    Args:
        words_per_minute: The rate of speech. Every word takes the same time: 0.3 s at 200.
        first_audio: Seconds from the first text of a turn to its first sound.
        per_sentence: The same for each later sentence of the turn.
        seed: Seeds the delays that are drawn from a range.
        word_timestamps: Whether it reports when each word sounds. Without, Pipecat counts a text as
            spoken when it is sent, as with any service that has no timestamps.
        faults: The faults of the voice.
    """

    def __init__(
        self,
        *,
        words_per_minute: float = 200.0,
        first_audio: Delay = 0.1,
        per_sentence: Delay = 0.05,
        seed: int = 0,
        word_timestamps: bool = True,
        faults: Sequence[VoiceFault] = (),
        **options: Any,
    ) -> None:
        if not words_per_minute > 0:
            raise ValueError(f"words_per_minute={words_per_minute!r}: expected a rate above 0")
        for name, delay in (("first_audio", first_audio), ("per_sentence", per_sentence)):
            low, high = _range(delay)
            if not 0 <= low <= high:
                raise ValueError(f"{name}={delay!r}: expected seconds, or a range of seconds, from 0 upwards")
        options.setdefault("settings", TTSSettings(model=None, voice=None, language=None))
        super().__init__(
            push_text_frames=not word_timestamps, push_start_frame=True, push_stop_frames=True, **options
        )
        self._made_with: dict[str, Any] = {
            "words_per_minute": words_per_minute,
            "first_audio": first_audio,
            "per_sentence": per_sentence,
            "seed": seed,
            "word_timestamps": word_timestamps,
        }
        self._word_timestamps = word_timestamps
        self.seconds_per_word = 60.0 / words_per_minute
        """The length of each word in seconds."""
        self._first_audio = first_audio
        self._per_sentence = per_sentence
        self._random = random.Random(seed)
        self._faults = list(faults)
        self._answers = 0
        self._connected_at = 0.0
        self.at_work = 0
        """The number of texts for which it is producing sound."""
        self.words_count = True
        """Whether its words are those of the conversation."""
        self._answering: dict[str, _Answer] = {}
        """What was said so far, by audio context."""

    def another(self) -> Voice:
        """Return a voice of the same kind without faults, for a bot that has several."""
        return Voice(**self._made_with)

    def stand_in_for(self, service: TTSService) -> Self:
        """Take over the bot's settings of its own service: aggregation, filters, transforms, handlers."""
        self.answer_for(service, kept=_KEPT)
        return self

    def can_generate_metrics(self) -> bool:
        """Return True: time to first byte and usage are reported as by Pipecat's own services."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak a text, word by word."""
        self.at_work += 1
        try:
            await self.start_tts_usage_metrics(text)
            if self._is_streaming_tokens:
                answer = self._answer(context_id)
                *whole, answer.begun = re.split(r"(?<=\s)(?=\S)", answer.begun + text)
                async for frame in self._spoken("".join(whole).split(), context_id):
                    await self.append_to_audio_context(context_id, frame)
                yield None  # the last word follows with the next token, or at the end
            else:
                async for frame in self._spoken(text.split(), context_id):
                    yield frame
        finally:
            self.at_work -= 1

    async def flush_audio(self, context_id: str | None = None) -> None:
        """Speak the last word of a stream of tokens, which was held back."""
        if context_id is None or not self._is_streaming_tokens:
            return
        begun, self._answer(context_id).begun = self._answer(context_id).begun, ""
        async for frame in self._spoken(begun.split(), context_id):
            await self.append_to_audio_context(context_id, frame)
        await self.append_to_audio_context(context_id, TTSStoppedFrame(context_id=context_id))
        await self.remove_audio_context(context_id)

    async def _spoken(self, words: list[str], context_id: str) -> AsyncGenerator[Frame, None]:
        answer = self._answer(context_id)
        words = _pronounced(words)
        await asyncio.sleep(max(0.0, self._connected_at - asyncio.get_running_loop().time()))
        for word in words:
            if answer.sentence_ended:
                delay = self._per_sentence if answer.words else self._first_audio
                await self._wait(self._random.uniform(*_range(delay)))
            if (fault := self._due(answer)) is not None:
                await self._wait(fault.seconds if fault.kind == "stall" else 0.0)
                if fault.kind != "stall":
                    answer.sentence_ended = True
                    yield await self._failure(fault)
                    return
            begins, ends = self._sample(answer.words), self._sample(answer.words + 1)
            if self._word_timestamps:
                await self.add_word_timestamps([(word, answer.words * self.seconds_per_word)], context_id)
            answer.words += 1
            answer.sentence_ended = self._is_streaming_tokens and word[-1:] in _ENDS
            sound = TTSAudioRawFrame(bytes(2 * (ends - begins)), self.sample_rate, 1, context_id=context_id)
            sound.metadata[WORD] = word if self.words_count else ""
            yield sound
        answer.sentence_ended = answer.sentence_ended or not self._is_streaming_tokens

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds + (_LATE if seconds == self._stop_frame_timeout_s else 0.0))

    def _answer(self, context_id: str) -> _Answer:
        if context_id not in self._answering:
            self._answers += 1
            self._answering[context_id] = _Answer(self._answers)
        return self._answering[context_id]

    def _due(self, answer: _Answer) -> VoiceFault | None:
        """Return the fault that happens now, once."""
        for fault in self._faults:
            if fault.after == answer.words and fault.answer in (None, answer.number):
                self._faults.remove(fault)
                return fault
        return None

    async def _failure(self, fault: VoiceFault) -> ErrorFrame:
        said = f"after {fault.after} words" if fault.after else "before the first word"
        message = f"the voice failed {said}"
        if fault.kind == "disconnect":
            message = f"the voice lost its connection {said}"
            self._connected_at = asyncio.get_running_loop().time() + fault.seconds
            await self._call_event_handler("on_connection_error", message)
        return ErrorFrame(error=message, category=ErrorCategory(fault.category))

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Stop speaking: the caller interrupted."""
        self._answering.pop(context_id, None)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """End an audio context, because all its text was spoken or none came for long. If it is opened again,
        its times start over.
        """
        answer = self._answering.pop(context_id, None)
        if answer is not None and answer.begun:
            self._answering[context_id] = _Answer(answer.number, begun=answer.begun)

    def _sample(self, word: int) -> int:
        return round(word * self.seconds_per_word * self.sample_rate)


@dataclass(slots=True)
class _Answer:
    """What was said so far of one answer."""

    number: int
    words: int = 0
    sentence_ended: bool = True
    begun: str = ""
    """The unfinished word of a stream of tokens."""


def _pronounced(words: list[str]) -> list[str]:
    """Join a word without letters and digits (an emoji, a dash) to the word before, because no voice
    pronounces it.

    Pipecat 1.14 cannot find such a word in its text, and writes it into the context twice.
    """
    joined: list[str] = []
    for word in words:
        if joined and not any(map(str.isalnum, word)):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined


def _range(delay: Delay) -> tuple[float, float]:
    return delay if isinstance(delay, tuple) else (delay, delay)
