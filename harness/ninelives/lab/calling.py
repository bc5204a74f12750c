"""The call for scenarios with a voice."""

from __future__ import annotations

from typing import Any

from pipecat.audio.vad.vad_analyzer import VAD_START_SECS
from pipecat.pipeline.worker import PipelineWorker

from ninelives.voice import Ears, VoiceCall


class LaboratoryCall(VoiceCall):
    """A call whose caller is noticed as late as by Pipecat's own VAD, and that a bot does not end because
    of silence: some scenarios are silent for an hour.
    """

    def __init__(self, bot: Any, **options: Any) -> None:
        super().__init__(bot, ears=Ears(onset=VAD_START_SECS), **options)

    def _prepare(self, worker: PipelineWorker) -> bool:
        worker._idle_timeout_secs = None
        return super()._prepare(worker)
