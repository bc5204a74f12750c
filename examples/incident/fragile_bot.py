"""A bot on Pipecat's own service with a black box in it."""

import os

from ninelives import BlackBox
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService
from pipecat.workers.runner import WorkerRunner

box = BlackBox("incidents/", minutes=5)


async def run_bot(transport, runner_args):
    llm = OpenAIResponsesLLMService(
        api_key=os.environ["OPENAI_API_KEY"],
        ws_url=os.environ.get("OPENAI_WS_URL", "wss://api.openai.com/v1/responses"),
    )
    user, assistant = LLMContextAggregatorPair(LLMContext())
    worker = PipelineWorker(Pipeline([transport.input(), user, llm, transport.output(), assistant]))
    worker.add_observer(box)
    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()
