"""Sound that carries its words: 16-bit samples in which each word begins with its own letters.

Pipecat's harness and the bot exchange sound as bytes. From a voice without a provider to a recognizer without
a model, the words travel in the samples themselves: a mark, the length, and the bytes of the word, each as a
sample, then a tone for as long as the word takes. Any sample rate will do, as long as nobody resamples. Sans
I/O, and in whatever chunks it comes.
"""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Iterable

_MARK = (0x6E6C, 0x7631)
_BASE = 0x100
"""Added to each byte of a word, so that no sample of it is silent."""
_TONE = 0x0FA0
_LONGEST = 0x1000
"""The most bytes of a word."""

WORD_SECONDS = 0.3
"""How long a word sounds: 200 words a minute."""


def sound_of(words: Iterable[str], rate: int, seconds_per_word: float = WORD_SECONDS) -> bytes:
    """Return the sound of words, one after the other without a gap. `rate` is in samples a second."""
    speaker = Speaker()
    samples = 0
    pieces: list[bytes] = []
    for number, word in enumerate(words, 1):
        speaker.begin(word)
        until = round(number * seconds_per_word * rate)
        pieces.append(speaker.take(until - samples))
        samples = until
    return b"".join(pieces)


class Speaker:
    """Makes sound as it is needed: `begin` a word, `take` samples."""

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()

    def begin(self, word: str) -> None:
        """Begin a word with the next sample."""
        data = word.encode("utf-8", "replace")[:_LONGEST]
        self._waiting += (*_MARK, _BASE + len(data), *(_BASE + byte for byte in data))

    def take(self, count: int) -> bytes:
        """Return `count` samples: the rest of the words that have begun, then a tone."""
        written = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
        return _bytes(array("h", written + [_TONE] * (count - len(written))))

    def break_off(self) -> None:
        """Stop speaking in the middle of a word."""
        self._waiting.clear()


class Listener:
    """Hears words in sound, chunk after chunk; gaps that the line put into a word are not part of it."""

    def __init__(self) -> None:
        self._half = b""
        """The first byte of a sample that has not arrived completely."""
        self._marked = 0
        self._length: int | None = None
        self._letters = bytearray()

    def hear(self, sound: bytes) -> list[str]:
        """Return the words that were heard whole with this chunk."""
        sound = self._half + sound
        whole = len(sound) & ~1
        sound, self._half = sound[:whole], sound[whole:]
        if is_silent(sound):
            return []
        words: list[str] = []
        for sample in _samples(sound):
            if sample and (word := self._take(sample)) is not None:
                words.append(word)
        return words

    def _take(self, sample: int) -> str | None:
        if self._length is not None:
            if not _BASE <= sample < _BASE + 0x100:
                self._forget()  # the sound was cut off
                return self._take(sample)
            self._letters.append(sample - _BASE)
            return self._word() if len(self._letters) == self._length else None
        if self._marked == len(_MARK):
            self._marked = 0
            if _BASE <= sample <= _BASE + _LONGEST:
                self._length = sample - _BASE
            return self._word() if self._length == 0 else None
        self._marked = self._marked + 1 if sample == _MARK[self._marked] else int(sample == _MARK[0])
        return None

    def _word(self) -> str:
        word = self._letters.decode("utf-8", "replace")
        self._forget()
        return word

    def _forget(self) -> None:
        self._marked, self._length, self._letters = 0, None, bytearray()


def is_silent(sound: bytes) -> bool:
    """Whether nothing sounds."""
    return not sound.strip(b"\0")


def _samples(sound: bytes) -> array[int]:
    samples = array("h", sound)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _bytes(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
