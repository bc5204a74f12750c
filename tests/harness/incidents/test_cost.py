"""What a frame costs the bot's loop, counted in calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ninelives import BlackBox
from pipecat.frames.frames import Frame, InputAudioRawFrame, LLMTextFrame
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat_responses import OpenAIResponsesHttpLLMService

from tests.effort import calls_of


@pytest.mark.parametrize(
    ("frame", "most"),
    [(InputAudioRawFrame(audio=b"\0\0", sample_rate=16000, num_channels=1), 8), (LLMTextFrame("word"), 30)],
    ids=["audio", "text"],
)
async def test_a_frame_costs_a_few_calls(frame: Frame, most: int, tmp_path: Path) -> None:
    box = BlackBox(tmp_path)
    service: Any = OpenAIResponsesHttpLLMService(api_key="any")
    push = FramePushed(service, service, frame, FrameDirection.DOWNSTREAM, 0)
    await box.on_push_frame(push)  # what is looked up once

    def many() -> None:
        for _ in range(100):
            work = box.on_push_frame(push)
            try:
                work.send(None)
            except StopIteration:
                continue

    calls_of(many, 100 * most + 10)
    assert box.incidents == []
