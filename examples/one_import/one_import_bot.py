"""A bot on Pipecat's own service, in the shape of Pipecat's function-calling examples.

Pipecat's wheel does not contain its examples, so this one is written here.
"""

import os

from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService
from pipecat.workers.runner import WorkerRunner


async def get_current_weather(params: FunctionCallParams, location: str):
    """Get the current weather.

    Args:
        location: The city.
    """
    await params.result_callback({"conditions": "nice", "temperature": "75"})


async def run_bot(transport, runner_args):
    llm = OpenAIResponsesLLMService(
        api_key=os.environ["OPENAI_API_KEY"],
        ws_url=os.environ.get("OPENAI_WS_URL", "wss://api.openai.com/v1/responses"),
    )
    user, assistant = LLMContextAggregatorPair(LLMContext(tools=[get_current_weather]))
    pipeline = Pipeline([transport.input(), user, llm, transport.output(), assistant])
    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(PipelineWorker(pipeline))
    await runner.run()
