"""A voice without a provider: words of a fixed length, as silence, with the time at which each begins."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from typing import Any, Self

from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

WORD = "ninelives.word"
"""The key in an audio frame's `metadata` under which the word stands that begins with the frame."""

Delay = float | tuple[float, float]
"""Seconds; or a range, from which each delay is drawn."""

_KEPT_OF_STREAMS = ("_skip_text_types", "_text_transforms", "_text_filters", "_transport_destination")
_KEPT = (*_KEPT_OF_STREAMS, "_text_aggregation_mode", "_text_aggregator", "_skipped_text_aggregator")
"""What a bot set up on its own service, and what decides what is spoken: it stays when ours stands in."""


class Voice(TTSService):
    """A Pipecat `TTSService` with word timestamps whose sound is silence of the right length.

    It behaves as Pipecat's services over HTTP with timestamps do: sentences are aggregated, one audio context
    a turn, and the time of a word counts from the first sound of its context.

    Args:
        words_per_minute: The rate of speech. Every word takes the same time: 0.3 s at 200.
        first_audio: Seconds from the first text of a turn to its first sound.
        per_sentence: The same for each later sentence of the turn.
        seed: Seeds the delays that are drawn from a range.
    """

    def __init__(
        self,
        *,
        words_per_minute: float = 200.0,
        first_audio: Delay = 0.1,
        per_sentence: Delay = 0.05,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if not words_per_minute > 0:
            raise ValueError(f"words_per_minute={words_per_minute!r}: expected a rate above 0")
        for name, delay in (("first_audio", first_audio), ("per_sentence", per_sentence)):
            low, high = _range(delay)
            if not 0 <= low <= high:
                raise ValueError(f"{name}={delay!r}: expected seconds, or a range of seconds, from 0 upwards")
        options.setdefault("settings", TTSSettings(model=None, voice=None, language=None))
        super().__init__(push_text_frames=False, push_start_frame=True, push_stop_frames=True, **options)
        self._made_with: dict[str, Any] = {
            "words_per_minute": words_per_minute,
            "first_audio": first_audio,
            "per_sentence": per_sentence,
            "seed": seed,
        }
        self.seconds_per_word = 60.0 / words_per_minute
        """Seconds that each word takes."""
        self._first_audio = first_audio
        self._per_sentence = per_sentence
        self._random = random.Random(seed)
        self.at_work = 0
        """How many texts it is making sound of."""
        self._said: dict[str, int] = {}
        """Words so far, by audio context."""

    def another(self) -> Voice:
        """Return a voice of the same kind, for a bot that has several."""
        return Voice(**self._made_with)

    def stand_in_for(self, service: TTSService) -> Self:
        """Take over what a bot set up on its own service: aggregation, filters, transforms, handlers.

        A service that streams single tokens is an exception: this voice speaks whole sentences.
        """
        for name in _KEPT if not service._is_streaming_tokens else _KEPT_OF_STREAMS:
            if hasattr(service, name):
                setattr(self, name, getattr(service, name))
        for event, known in service._event_handlers.items():
            if event in self._event_handlers:
                self._event_handlers[event].handlers.extend(known.handlers)
        return self

    def can_generate_metrics(self) -> bool:
        """Time to first byte and usage are reported as by Pipecat's own services."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak a text, word by word."""
        self.at_work += 1
        try:
            async for frame in self._spoken(text, context_id):
                yield frame
        finally:
            self.at_work -= 1

    async def _spoken(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        await self.start_tts_usage_metrics(text)
        delay = self._per_sentence if context_id in self._said else self._first_audio
        await asyncio.sleep(self._random.uniform(*_range(delay)))
        for word in text.split():
            number = self._said.get(context_id, 0)
            self._said[context_id] = number + 1
            begins, ends = self._sample(number), self._sample(number + 1)
            await self.add_word_timestamps([(word, number * self.seconds_per_word)], context_id)
            sound = TTSAudioRawFrame(bytes(2 * (ends - begins)), self.sample_rate, 1, context_id=context_id)
            sound.metadata[WORD] = word
            yield sound

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """The caller cut in."""
        self._said.pop(context_id, None)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """All was spoken; should the context be opened again, its times start over."""
        self._said.pop(context_id, None)

    def _sample(self, word: int) -> int:
        return round(word * self.seconds_per_word * self.sample_rate)


def _range(delay: Delay) -> tuple[float, float]:
    return delay if isinstance(delay, tuple) else (delay, delay)
