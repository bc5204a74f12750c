"""A bot to type with, built as a voice bot is: only what hears and what speaks is the terminal.

`mock-openai serve`, and beside it

    OPENAI_API_KEY=any OPENAI_BASE_URL=http://127.0.0.1:8080/v1 python examples/console_bot.py

Without OPENAI_BASE_URL and with a real key it talks to OpenAI. With Pipecat's own service one line differs:

    from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService
"""

import asyncio
import os
import sys

from pipecat.frames.frames import (
    EndFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService


async def get_weather(params: FunctionCallParams, city: str):
    """Get the weather of a city.

    Args:
        city: The city's name.
    """
    await params.result_callback({"city": city, "degrees": 21})


class Voice(FrameProcessor):
    """Writes what a voice would say."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame | TTSSpeakFrame):
            print(frame.text, end="", flush=True)
        elif isinstance(frame, LLMFullResponseEndFrame):
            print()
        await self.push_frame(frame, direction)


def build(voice: FrameProcessor) -> tuple[PipelineWorker, LLMContext]:
    """The bot, without ears."""
    llm = OpenAIResponsesLLMService(
        api_key=os.environ["OPENAI_API_KEY"],
        settings=OpenAIResponsesLLMService.Settings(
            system_instruction="You are a friendly bot on the telephone. Keep it short.", temperature=0.5
        ),
    )

    @llm.event_handler("on_connection_error")
    async def on_connection_error(service, error):
        print(f"[connection: {error}]", file=sys.stderr)

    @llm.event_handler("on_function_calls_started")
    async def on_function_calls_started(service, function_calls):
        await voice.queue_frame(TTSSpeakFrame("One moment. ", append_to_context=False))

    context = LLMContext(tools=[get_weather])
    context.add_message({"role": "developer", "content": "Introduce yourself."})
    user, assistant = LLMContextAggregatorPair(context)
    worker = PipelineWorker(
        Pipeline([user, llm, voice, assistant]),
        params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
    )
    return worker, context


async def main() -> None:
    """Type; an empty line changes the temperature, the end of the input hangs up."""
    worker, context = build(Voice())
    runner = WorkerRunner()
    await runner.add_workers(worker)
    talking = asyncio.create_task(runner.run())
    await worker.queue_frame(LLMRunFrame())
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip():
            context.add_message({"role": "user", "content": line.strip()})
            await worker.queue_frame(LLMRunFrame())
        else:
            settings = OpenAIResponsesLLMService.Settings(temperature=0.9)
            await worker.queue_frame(LLMUpdateSettingsFrame(delta=settings))
    await worker.queue_frame(EndFrame())
    await talking


if __name__ == "__main__":
    asyncio.run(main())
