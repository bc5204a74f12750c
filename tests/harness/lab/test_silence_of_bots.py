"""I10 of a whole bot without a voice: its text counts where a voice would speak it, not where it was made."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from ninelives.lab import run_scenario
from ninelives.lab.conditions import read_conditions
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import as_factory
from pipecat.frames.frames import LLMTextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesHttpLLMService


class LooksAtTheText(FrameProcessor):
    """Takes a second and a half over the first words of each answer."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = False

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame) and not self.looked:
            self.looked = True
            await asyncio.sleep(1.5)
        await self.push_frame(frame, direction)


def bot_with(*, slow: bool, voice: bool) -> Any:
    async def run_bot(transport: Any, runner_args: Any) -> None:
        context = LLMContextAggregatorPair(LLMContext())
        llm = OpenAIResponsesHttpLLMService(
            api_key=os.environ["OPENAI_API_KEY"], base_url=os.environ["OPENAI_BASE_URL"]
        )
        looks = [LooksAtTheText()] if slow else []
        tts = [OpenAITTSService(api_key=os.environ["OPENAI_API_KEY"])] if voice else []
        pipeline = Pipeline(
            [transport.input(), context.user(), llm, *looks, *tts, transport.output(), context.assistant()]
        )
        runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
        await runner.add_workers(PipelineWorker(pipeline))
        await runner.run()

    return as_factory(run_bot)


@pytest.mark.parametrize("voice", [True, False], ids=["at its voice", "at its transport"])
def test_a_processor_that_holds_the_answer_back_leaves_the_caller_in_silence(voice: bool) -> None:
    calm = scenarios()["calm_conversation_with_a_tool"]
    strict = read_conditions(max_dead_air="1s")
    quick = run_scenario(calm, bot_with(slow=False, voice=voice), conditions=strict)
    assert quick.held
    slow = run_scenario(calm, bot_with(slow=True, voice=voice), conditions=strict)
    assert slow.only_late
    assert "left the caller in silence for 1.70 s before the first word, more than 1 s" in slow.broken[0].why
    assert slow.figures.first_words[-1] == pytest.approx(1.7)
    assert slow.episode.turns[0].dead_air == pytest.approx(0.2)  # the service itself is quick
