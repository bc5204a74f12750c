"""One turn of a call with a voice: the model's text, and the part of it that the caller heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from ninelives.bot.turn import Turn
from ninelives.voice.playback import Sound, Word


@dataclass(slots=True)
class VoiceTurn(Turn):
    """A turn, filled while it is open. `text` is what the model said, `played` what the caller heard.

    All times are seconds since the call began. `began` is the end of the caller's words.
    """

    words: list[Word] = field(default_factory=list)
    """The words whose sound has begun, and when each did."""
    sounds: list[Sound] = field(default_factory=list)
    """The stretches of sound of the answer."""
    asked: float | None = None
    """When the bot began to work on its answer, because it had the caller's words and counted the turn as
    complete. None: it has not, or nobody asked.
    """
    stopped: float | None = None
    """When Pipecat interrupted the bot. None: nobody interrupted, or the bot does not allow it."""

    @property
    def gave_way(self) -> float | None:
        """When the bot was interrupted; None if it was not, even if somebody tried."""
        return self.stopped

    @property
    def played(self) -> str:
        """The words whose sound has begun, joined by single spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def first_word_at(self) -> float | None:
        """When the first word began to sound; None if the caller heard no word."""
        return self.words[0].at if self.words else None

    @property
    def dead_air(self) -> float | None:
        """Seconds from the end of the caller's words to the first sound; None if there was no sound."""
        return max(0.0, self.sounds[0].began - self.began) if self.sounds else None

    @property
    def audible(self) -> list[tuple[float, float]]:
        """The stretches of sound, each with its beginning and end."""
        return [(sound.began, sound.ended) for sound in self.sounds]

    @property
    def unheard(self) -> bool:
        """Whether a word of the text was not played."""
        return "".join(self.played.split()) != "".join(self.text.split())

    @property
    def longest_gap(self) -> float:
        """The longest silence within the answer, in seconds."""
        return max((later.began - earlier.ended for earlier, later in pairwise(self.sounds)), default=0.0)

    @property
    def talk_over(self) -> float:
        """Seconds for which the bot still sounded after the caller interrupted; 0 if nobody did."""
        if self.interrupted is None or not self.sounds:
            return 0.0
        return max(0.0, self.sounds[-1].ended - self.interrupted)
