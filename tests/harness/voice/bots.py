"""Bots as users write them: their own pipeline, worker and runner, with paid services."""

import os

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService


def pieces():
    """Speech recognition, voice, model and aggregators, as a user makes them."""
    stt = OpenAISTTService(api_key=os.environ["SPEECH_API_KEY"])
    tts = CartesiaTTSService(
        api_key=os.environ["CARTESIA_API_KEY"], settings=CartesiaTTSService.Settings(voice="a voice")
    )
    llm = OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"], ws_url=os.environ["OPENAI_WS_URL"])
    aggregators = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    return stt, tts, llm, aggregators


async def run_bot(transport, runner_args):
    stt, tts, llm, aggregators = pieces()
    pipeline = Pipeline(
        [
            transport.input(),
            stt,
            aggregators.user(),
            llm,
            tts,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
        idle_timeout_secs=runner_args.pipeline_idle_timeout_secs,
    )

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(transport, client):
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()
