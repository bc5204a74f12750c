"""Stands in for turn analyzers that listen to real audio: the caller's script says when a turn is over."""

from __future__ import annotations

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, BaseTurnParams, EndOfTurnState
from pipecat.metrics.metrics import MetricsData


class ScriptedTurnAnalyzer(BaseTurnAnalyzer):
    """Takes every end of speech for the end of the turn. It listens to no audio."""

    @property
    def speech_triggered(self) -> bool:
        """False: it listens to no audio."""
        return False

    @property
    def params(self) -> BaseTurnParams:
        """It has none."""
        return BaseTurnParams()

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        """Ignore the audio."""
        return EndOfTurnState.INCOMPLETE

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, MetricsData | None]:
        """Complete: the caller has stopped."""
        return EndOfTurnState.COMPLETE, None

    def clear(self) -> None:
        """Nothing to clear."""
