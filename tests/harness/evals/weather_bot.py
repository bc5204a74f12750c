"""A bot on the telephone about the weather, as people write one; with our service, and with Pipecat's own."""

from __future__ import annotations

import os
from typing import Any

from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService as PipecatsService
from pipecat.turns.user_stop.speech_timeout_user_turn_stop_strategy import (
    SpeechTimeoutUserTurnStopStrategy,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService


async def get_weather(params: FunctionCallParams, city: str) -> None:
    """Get the weather of a city.

    Args:
        city: The city's name.
    """
    await params.result_callback({"city": city, "degrees": 21})


async def run_bot(
    transport: Any, runner_args: Any, *, pipecats: bool = False, city: str = "", patience: float | None = None
) -> None:
    key = os.environ["OPENAI_API_KEY"]
    llm: Any = OpenAIResponsesLLMService(api_key=key)
    if pipecats:
        llm = PipecatsService(api_key=key, ws_url=os.environ["OPENAI_WS_URL"])
    llm.register_direct_function(get_weather)
    context = LLMContext(
        [{"role": "developer", "content": f"You speak about the weather{city}."}],
        tools=ToolsSchema(standard_tools=[get_weather]),
    )
    params = None
    if patience is not None:
        waits = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=patience)
        params = LLMUserAggregatorParams(user_turn_strategies=UserTurnStrategies(stop=[waits]))
    user, assistant = LLMContextAggregatorPair(context, user_params=params)
    worker = PipelineWorker(Pipeline([transport.input(), user, llm, transport.output(), assistant]))

    @transport.event_handler("on_client_connected")
    async def greet(*_: Any) -> None:
        context.add_message({"role": "developer", "content": "Please introduce yourself."})
        await worker.queue_frames([LLMRunFrame()])

    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()


async def run_pipecats(transport: Any, runner_args: Any) -> None:
    await run_bot(transport, runner_args, pipecats=True)


async def run_another(transport: Any, runner_args: Any) -> None:
    await run_bot(transport, runner_args, city=" of Norway")


async def run_broken(transport: Any, runner_args: Any) -> None:
    raise RuntimeError("no such voice")


async def run_patient(transport: Any, runner_args: Any) -> None:
    await run_bot(transport, runner_args, patience=1.5)
