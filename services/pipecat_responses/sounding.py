"""Whether the caller hears the bot at the moment, as far as the pipeline shows it.

Where a voice speaks the text, the caller does not hear it at once: a voice waits for the end of a sentence.
Pipecat's output says when the sound begins and ends (``BotStartedSpeakingFrame``,
``BotStoppedSpeakingFrame``).
"""

from pipecat.frames.frames import BotStartedSpeakingFrame, BotStoppedSpeakingFrame, Frame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.tts_service import TTSService

__all__ = ["Sounding"]


class Sounding:
    """Whether a voice speaks the answers of one service, and whether it is speaking now."""

    def __init__(self) -> None:
        """Assume that nothing speaks until something shows it."""
        self.voiced = False
        """Whether answers are heard from a voice. Then text is not heard before it sounds."""
        self._speaks = False
        self._stopped_at = float("-inf")

    def look_behind(self, processor: FrameProcessor) -> None:
        """Look for a voice among the processors behind this one."""
        behind = processor.next
        while behind is not None and not self.voiced:
            self.voiced = isinstance(behind, TTSService)
            behind = behind.next

    def note(self, frame: Frame, now: float) -> None:
        """Take in a frame that passes."""
        if isinstance(frame, BotStartedSpeakingFrame):
            self.voiced = self._speaks = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._speaks, self._stopped_at = False, now

    def silent_since(self, since: float, now: float) -> float:
        """Return when the silence began that the caller is in now: ``now`` while the voice speaks.

        ``since`` is when it began as far as text and the caller's own words tell.
        """
        return now if self._speaks else max(since, self._stopped_at)
