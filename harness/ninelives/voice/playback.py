"""The playback of a loudspeaker: a queue of sound with the words in it, and the moment at which each word
began.

Sans I/O: the line calls it for queued sound, for each chunk that begins to play, and when the caller
interrupts.
Sizes are bytes of 16-bit samples, times are seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

CONTINUOUS = 0.0005
"""Seconds. Sound that begins at most this long after the last one ended continues without a gap."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word whose sound has begun."""

    at: float
    text: str


@dataclass(slots=True)
class Sound:
    """A stretch of sound without a gap."""

    began: float
    ended: float


@dataclass(slots=True)
class _Piece:
    left: int
    word: str
    interruptible: bool


class Playback:
    """The loudspeaker of one call. `rate` is bytes per second."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.words: list[Word] = []
        """The words whose sound has begun, in order."""
        self.sounds: list[Sound] = []
        """The stretches of sound so far. The end of the last one may be in the future while it plays."""
        self._queue: deque[_Piece] = deque()
        self._queued = 0
        """Bytes queued since the queue last began at a chunk's boundary."""
        self._playing: _Piece | None = None

    @property
    def waiting(self) -> int:
        """Bytes that are queued and have not begun to play."""
        return sum(piece.left for piece in self._queue)

    @property
    def interruptible(self) -> bool:
        """Whether the chunk that plays now may be cut off."""
        return self._playing is None or self._playing.interruptible

    def silent(self, at: float) -> bool:
        """Return whether nothing plays and nothing waits to be played."""
        return not self._queue and (not self.sounds or self.sounds[-1].ended <= at)

    def queue(self, size: int, word: str = "", *, interruptible: bool = True) -> None:
        """Queue `size` bytes of sound, in which `word` begins with the first byte."""
        if size > 0:
            self._queue.append(_Piece(size, word, interruptible))
            self._queued += size

    def close(self, chunk: int) -> None:
        """End a run of sound: Pipecat fills its last chunk up with silence, and so does this."""
        self.queue(-self._queued % chunk)

    def play(self, size: int, at: float) -> int:
        """Begin to play a chunk. Return how many of its bytes are the bot's, 0 for silence."""
        played = 0
        while self._queue and played < size:
            piece = self._queue[0]
            self._playing = piece
            if piece.word:
                self.words.append(Word(at + played / self.rate, piece.word))
                piece.word = ""
            taken = min(piece.left, size - played)
            piece.left -= taken
            played += taken
            if not piece.left:
                self._queue.popleft()
        if played:
            self._sounds(at, at + played / self.rate)
        return played

    def drop(self, size: int) -> None:
        """Send a chunk that is not heard."""
        while self._queue and size > 0:
            taken = min(self._queue[0].left, size)
            self._queue[0].left -= taken
            self._queue[0].word = ""
            size -= taken
            if not self._queue[0].left:
                self._queue.popleft()

    def cut(self, at: float) -> None:
        """Drop sound that was not played yet, except sound that must not be interrupted."""
        self._queue = deque(piece for piece in self._queue if not piece.interruptible)
        self._queued = self.waiting
        if self.interruptible:
            self.end(at)

    def end(self, at: float) -> None:
        """Drop sound that would be heard after this moment."""
        self.words = [word for word in self.words if word.at <= at]
        self.sounds = [sound for sound in self.sounds if sound.began < at]
        if self.sounds:
            self.sounds[-1].ended = min(self.sounds[-1].ended, at)

    def fell_silent(self, chunk: int) -> None:
        """Note that the bot counts as silent. Pipecat drops a remainder that does not fill a chunk."""
        if self.waiting < chunk:
            self._queue.clear()
            self._queued = 0

    def _sounds(self, began: float, ended: float) -> None:
        if self.sounds and began - self.sounds[-1].ended <= CONTINUOUS:
            self.sounds[-1].ended = ended
        else:
            self.sounds.append(Sound(began, ended))
