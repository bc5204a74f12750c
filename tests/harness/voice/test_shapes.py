"""Bots of other shapes than one worker in one function, as they are: judged, called, and cut in."""

import os
from itertools import count

import pytest
from mock_openai import MockServer, call, reply
from ninelives import Voice, VoiceCall, virtual, words
from ninelives.lab import run_scenario
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import as_factory
from pipecat.bus.bridge_processor import BusBridgeProcessor
from pipecat.flows import FlowManager
from pipecat.frames.frames import LLMRunFrame, TranscriptionFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyFailover
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.utils import create_transport
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.llm import LLMWorker, LLMWorkerActivationArgs, tool
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

pytestmark = pytest.mark.thorough

GREET = {"role": "developer", "content": "Greet whoever calls."}


def speech():
    key = os.environ["SPEECH_API_KEY"]
    return OpenAISTTService(api_key=key), OpenAITTSService(api_key=key)


def line_up(transport, pair, model, *extra):
    stt, tts = speech()
    return Pipeline(
        [transport.input(), stt, *extra, pair.user(), model, tts, transport.output(), pair.assistant()]
    )


async def run(*workers):
    runner = WorkerRunner()
    await runner.add_workers(*workers)
    await runner.run()


async def greets_when_its_client_is_ready(runner_args):
    """As what `pipecat init` writes: its own transport, and a greeting once an RTVI client is ready."""
    transport = await create_transport(runner_args, {})
    context = LLMContext()
    pair = LLMContextAggregatorPair(context)
    params = PipelineParams(enable_metrics=True, enable_usage_metrics=True)
    worker = PipelineWorker(line_up(transport, pair, OpenAIResponsesLLMService()), params=params)
    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)

    @worker.rtvi.event_handler("on_client_ready")
    async def on_client_ready(rtvi):
        context.add_message(GREET)
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(transport, client):
        await runner.cancel()

    await runner.run()


class Desk(LLMWorker):
    """A worker with a model of its own that may hand the caller over."""

    @tool(cancel_on_interruption=False)
    async def hand_over(self, params, reason: str):
        """Hand the caller over.

        Args:
            reason: Why.
        """
        await self.activate_worker(
            "back",
            args=LLMWorkerActivationArgs(messages=[{"role": "developer", "content": reason}]),
            deactivate_self=True,
            result_callback=params.result_callback,
        )


async def hands_over_between_workers(transport, runner_args):
    """One worker has the line and the voice, which two others with models share over the bus."""
    stt, tts = speech()
    pair = LLMContextAggregatorPair(LLMContext())
    runner = WorkerRunner()
    bridge = BusBridgeProcessor(bus=runner.bus, worker_name="main")
    inside = [transport.input(), stt, pair.user(), bridge, tts, transport.output(), pair.assistant()]
    main = PipelineWorker(Pipeline(inside), name="main", idle_timeout_secs=None)
    front = Desk("front", llm=OpenAIResponsesLLMService(), bridged=())
    back = Desk("back", llm=OpenAIResponsesHttpLLMService(), bridged=(), active=False)
    await runner.add_workers(front, back, main)

    @transport.event_handler("on_client_connected")
    async def on_client_connected(transport, client):
        await main.activate_worker("front", args=LLMWorkerActivationArgs(messages=[GREET]))

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(transport, client):
        await runner.cancel()

    await runner.run()


async def walks_through_flows(transport, runner_args):
    """Pipecat Flows, whose nodes bring tools of their own."""
    pair, llm = LLMContextAggregatorPair(LLMContext()), OpenAIResponsesLLMService()
    worker = PipelineWorker(line_up(transport, pair, llm))
    flow = FlowManager(worker=worker, llm=llm, context_aggregator=pair, transport=transport)

    async def next_step(flow_manager: FlowManager):
        """Take the next step."""
        return None, {"name": "second", "task_messages": [GREET], "functions": []}

    @transport.event_handler("on_client_connected")
    async def on_client_connected(transport, client):
        await flow.initialize({"name": "first", "task_messages": [GREET], "functions": [next_step]})

    await run(worker)


async def falls_back_to_another_model(transport, runner_args):
    """A switcher over two models, one on each transport."""
    models = [OpenAIResponsesLLMService(), OpenAIResponsesHttpLLMService()]
    switcher = ServiceSwitcher(models, ServiceSwitcherStrategyFailover)
    await run(PipelineWorker(line_up(transport, LLMContextAggregatorPair(LLMContext()), switcher)))


class Counts(FrameProcessor):
    """A processor of the bot's own, in a branch of its own."""

    def __init__(self):
        super().__init__()
        self.heard = count()

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            next(self.heard)
        await self.push_frame(frame, direction)


async def listens_twice(transport, runner_args):
    """A branch beside the conversation, which hears what is said and keeps it to itself."""

    class Keeps(Counts):
        async def push_frame(self, frame, direction=None):
            """Nothing leaves but what begins and ends a pipeline."""
            if type(frame).__name__ in ("StartFrame", "EndFrame", "CancelFrame"):
                await super().push_frame(frame)

    stt, tts = speech()
    pair = LLMContextAggregatorPair(LLMContext())
    talks = [pair.user(), OpenAIResponsesLLMService(), tts]
    both = ParallelPipeline(talks, [Keeps()])
    pipeline = Pipeline([transport.input(), stt, both, transport.output(), pair.assistant()])
    await run(PipelineWorker(pipeline, cancel_on_idle_timeout=False))


async def has_a_helper(transport, runner_args):
    """A second worker without a line, which answers no caller."""
    pair = LLMContextAggregatorPair(LLMContext())
    main = PipelineWorker(line_up(transport, pair, OpenAIResponsesLLMService()), app_resources={"a": 1})
    helper = PipelineWorker(Pipeline([Counts()]), name="helper", idle_timeout_secs=None, enable_rtvi=False)

    @main.event_handler("on_pipeline_finished")
    async def on_pipeline_finished(worker, frame):
        await helper.cancel()

    await run(helper, main)


def gives_a_worker(transport, runner_args):
    """No runner at all: what runs it is somebody else's."""
    pair = LLMContextAggregatorPair(LLMContext())
    return PipelineWorker(line_up(transport, pair, OpenAIResponsesHttpLLMService(), Counts()))


SHAPES = [
    greets_when_its_client_is_ready,
    hands_over_between_workers,
    walks_through_flows,
    falls_back_to_another_model,
    listens_twice,
    has_a_helper,
    gives_a_worker,
]


@pytest.mark.parametrize("bot", SHAPES, ids=lambda bot: bot.__name__)
@pytest.mark.parametrize("name", ["calm_conversation_with_a_tool", "reset_in_mid_sentence", "idle_close"])
def test_it_is_judged_as_it_is(bot, name):
    outcome = run_scenario(scenarios()[name], as_factory(bot))
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]
    assert not outcome.mishaps


@pytest.mark.parametrize("bot", SHAPES, ids=lambda bot: bot.__name__)
def test_it_is_called_and_cut_in(bot):
    async def talk():
        script = [
            reply("One two three four five six seven.", user="count"),
            reply("You said hello.", user="Hello"),
            reply("Good morning."),
        ]
        async with (
            MockServer(script=script) as server,
            VoiceCall(bot, voice=Voice(), base_url=server.base_url, ws_url=server.ws_url) as caller,
        ):
            greeted = [turn.played for turn in caller.turns]
            hello = await caller.say("Hello?")
            cut = await caller.say("Please count.", cut_in=words(4))
            return (
                greeted,
                hello.played,
                cut.played,
                caller.context.get_messages()[-1]["content"],
                caller.mishaps,
            )

    greeted, *said, mishaps = virtual.run(talk())
    greets = bot in (greets_when_its_client_is_ready, hands_over_between_workers, walks_through_flows)
    assert greeted == ["Good morning."] * greets
    assert said == ["You said hello.", "One two three four", "One two three four"]
    assert not mishaps


def test_the_worker_that_took_over_speaks_with_the_same_voice():
    async def talk():
        script = [
            reply(call("hand_over", reason="a table"), user="table"),
            reply("This is the back office.", developer="a table"),
            reply("Good morning."),
        ]
        async with (
            MockServer(script=script) as server,
            VoiceCall(hands_over_between_workers, base_url=server.base_url, ws_url=server.ws_url) as caller,
        ):
            turn = await caller.say("I want a table.")
            return turn.played, [each.name for each in turn.tools]

    played, tools = virtual.run(talk())
    assert played == "This is the back office."
    assert tools == ["hand_over"]
