"""The call in which a scenario is played with a voice."""

from __future__ import annotations

from typing import Any, Self

from pipecat.audio.vad.vad_analyzer import VAD_START_SECS
from pipecat.frames.frames import UserIdleTimeoutUpdateFrame
from pipecat.pipeline.worker import PipelineWorker

from ninelives.bot.moments import Moment
from ninelives.voice import Ears, VoiceCall, VoiceTurn


class LaboratoryCall(VoiceCall):
    """A call whose caller the bot notices as late as with Pipecat's own VAD.

    The bot neither ends it nor speaks because the caller is silent: some scenarios are silent for an hour.
    """

    def __init__(self, bot: Any, **options: Any) -> None:
        super().__init__(bot, ears=Ears(onset=VAD_START_SECS), **options)

    async def say(self, text: str, *, cut_in: Moment | None = None) -> VoiceTurn:
        """Say something. Raises RuntimeError when the bot has come to its end."""
        if self._host.ended:
            raise RuntimeError("the bot ended while the caller was still connected")
        return await super().say(text, cut_in=cut_in)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.worker.queue_frame(UserIdleTimeoutUpdateFrame(timeout=0))
        return self

    def _prepare(self, worker: PipelineWorker) -> bool:
        worker._idle_timeout_secs = None
        return super()._prepare(worker)
