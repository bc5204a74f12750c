"""Replaces turn analyzers that listen to real audio: the caller's script determines when a turn is over."""

from __future__ import annotations

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, BaseTurnParams, EndOfTurnState
from pipecat.metrics.metrics import MetricsData


class ScriptedTurnAnalyzer(BaseTurnAnalyzer):
    """Treats every end of speech as the end of the turn, without audio."""

    @property
    def speech_triggered(self) -> bool:
        """False: there is no audio."""
        return False

    @property
    def params(self) -> BaseTurnParams:
        """There are none."""
        return BaseTurnParams()

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        """Ignore the audio."""
        return EndOfTurnState.INCOMPLETE

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, MetricsData | None]:
        """Return "complete": the caller has stopped."""
        return EndOfTurnState.COMPLETE, None

    def clear(self) -> None:
        """Do nothing: there is no state."""
