"""Whatever a user has can be tried: services, pipelines, workers, and bots as Pipecat's examples are."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ninelives.bot import Bot
from ninelives.lab import Outcome, run_scenario
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import KEY, as_factory
from ninelives.usage_error import UsageError
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

GREETING = "Please introduce yourself to the user."
ended: list[str] = []


def llm() -> OpenAIResponsesLLMService:
    """A service that finds its addresses in the environment, as a user's does after the one change."""
    return OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"], ws_url=os.environ["OPENAI_WS_URL"])


async def run_bot(transport: Any, runner_args: Any) -> None:
    """A bot in the shape of Pipecat's examples."""
    stt = OpenAISTTService(api_key=os.environ["OPENAI_API_KEY"])
    tts = OpenAITTSService(api_key=os.environ["OPENAI_API_KEY"])
    context = LLMContext()
    aggregators = LLMContextAggregatorPair(context)
    pipeline = Pipeline(
        [transport.input(), stt, aggregators.user(), llm(), tts, transport.output(), aggregators.assistant()]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(enable_metrics=True),
        idle_timeout_secs=runner_args.pipeline_idle_timeout_secs,
    )

    @transport.event_handler("on_client_connected")
    async def on_client_connected(transport: Any, client: Any) -> None:
        context.add_message({"role": "user", "content": GREETING})
        await worker.queue_frames([LLMRunFrame()])

    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()
    ended.append("run_bot")


def processors() -> list[Any]:
    """What a user's own function may give: the processors, from the environment."""
    aggregators = LLMContextAggregatorPair(LLMContext())
    return [aggregators.user(), llm(), aggregators.assistant()]


def pipeline() -> Pipeline:
    """The same as a pipeline."""
    return Pipeline(processors())


def worker() -> PipelineWorker:
    """The same in a worker."""
    return PipelineWorker(pipeline())


async def in_time(base_url: str, ws_url: str) -> Any:
    """A factory that has to wait for something."""
    return OpenAIResponsesHttpLLMService(api_key=KEY, base_url=base_url)


def bot(ws_url: str) -> Bot:
    """A whole Bot, with whatever it needs."""
    from ninelives.lab.dialogue import TOOLS

    return Bot(OpenAIResponsesLLMService(api_key=KEY, ws_url=ws_url), tools=dict(TOOLS))


def play(name: str, found: Any) -> Outcome:
    return run_scenario(scenarios()[name], as_factory(found))


@pytest.mark.parametrize("found", [run_bot, processors, pipeline, worker, in_time, bot])
@pytest.mark.parametrize("name", ["calm_conversation_with_a_tool", "reset_in_mid_sentence"])
def test_a_user_may_bring_whatever_makes_a_bot(found: Any, name: str) -> None:
    outcome = play(name, found)
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]
    assert outcome.heard[0] == "Hello, this is the weather service. Which city would you like to hear about?"
    assert [call.name for call in outcome.episode.turns[1].calls] == ["get_weather"]


def test_a_bot_that_speaks_first_has_spoken_before_the_story_begins_and_may_clear_up_afterwards() -> None:
    ended.clear()
    outcome = play("reset_in_mid_sentence", run_bot)
    assert ended == ["run_bot"]
    assert outcome.episode.turns[0].user == "Hello, who is this?"
    greeted = [each.text for each in outcome.episode.said if GREETING in str(each.request["input"][-1:])]
    assert len([text for text in greeted if text]) == 1


def test_a_bot_that_goes_elsewhere_is_stopped_and_told() -> None:
    def elsewhere(base_url: str, ws_url: str) -> Any:
        return OpenAIResponsesHttpLLMService(api_key=KEY, base_url="http://192.0.2.1/v1")

    outcome = play("calm_conversation_with_a_tool", elsewhere)
    assert not outcome.held
    assert outcome.crash is not None
    assert "the bot tried to connect to 192.0.2.1:80; scenarios may not leave this machine" in outcome.crash


def needs_a_room(room: str) -> None:
    """A function that nobody here can call."""


async def hums() -> None:
    """A function that neither runs nor gives a bot."""


def empty() -> list[Any]:
    """A pipeline of nothing."""
    return []


def test_a_class_that_is_no_service_is_one_line() -> None:
    with pytest.raises(
        UsageError, match="dict is not an LLM service; expected an LLM service class, or a function"
    ):
        as_factory(dict)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            needs_a_room,
            "needs_a_room has the parameter 'room', for which there is no value; expected base_url",
        ),
        (
            hums,
            "hums returned without running a pipeline; expected it to call",
        ),
        (empty, "empty returned a list; expected"),
    ],
)
def test_what_is_no_bot_is_one_line(found: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        play("calm_conversation_with_a_tool", found)
    assert "\n" not in str(raised.value)


def test_a_bot_of_pipecat_flows() -> None:
    flows = pytest.importorskip("pipecat.flows", reason="this Pipecat has no Flows in it")

    async def run_flow(transport: Any, runner_args: Any) -> None:
        service = llm()
        aggregators = LLMContextAggregatorPair(LLMContext())
        inside = [transport.input(), aggregators.user(), service, transport.output(), aggregators.assistant()]
        own = PipelineWorker(Pipeline(inside))
        flow = flows.FlowManager(worker=own, llm=service, context_aggregator=aggregators, transport=transport)

        @transport.event_handler("on_client_connected")
        async def on_client_connected(transport: Any, client: Any) -> None:
            task = {"role": "developer", "content": "Greet, and ask for a city."}
            await flow.initialize({"name": "first", "task_messages": [task], "functions": []})

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(own)
        await runner.run()

    outcome = play("reset_in_mid_sentence", run_flow)
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]
