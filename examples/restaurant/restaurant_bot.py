"""A restaurant's telephone: a bot with a voice, two tools and a greeting, in the shape of Pipecat's examples.

ninelives talk examples/restaurant/restaurant_bot.py
"""

import os

from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService

tables = {2: 3, 4: 1}
"""Free tables, by the number of their seats."""


async def find_table(params: FunctionCallParams, people: int):
    """Look for a free table.

    Args:
        people: For how many people.
    """
    seats = [size for size, free in tables.items() if size >= people and free]
    await params.result_callback({"table": min(seats)} if seats else {"table": None})


async def book_table(params: FunctionCallParams, people: int, name: str):
    """Book a table.

    Args:
        people: For how many people.
        name: The guest's name.
    """
    await params.result_callback({"booked": True, "people": people, "name": name})


async def run_bot(transport, runner_args):
    stt = OpenAISTTService(api_key=os.environ["OPENAI_API_KEY"])
    llm = OpenAIResponsesLLMService(
        api_key=os.environ["OPENAI_API_KEY"],
        ws_url=os.environ.get("OPENAI_WS_URL", "wss://api.openai.com/v1/responses"),
        settings=OpenAIResponsesLLMService.Settings(
            system_instruction="You take bookings for a small restaurant. Keep it short."
        ),
    )
    tts = CartesiaTTSService(
        api_key=os.environ["CARTESIA_API_KEY"], settings=CartesiaTTSService.Settings(voice="a voice")
    )
    user, assistant = LLMContextAggregatorPair(LLMContext(tools=[find_table, book_table]))
    pipeline = Pipeline([transport.input(), stt, user, llm, tts, transport.output(), assistant])
    worker = PipelineWorker(pipeline)

    @transport.event_handler("on_client_connected")
    async def greet(transport, client):
        await worker.queue_frames([LLMRunFrame()])

    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()
