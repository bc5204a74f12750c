"""Bots of other shapes than one worker in one function, as they are: judged, called, and cut in."""

import os
from functools import partial, wraps
from itertools import count
from types import FunctionType
from typing import TYPE_CHECKING

import pytest
from mock_openai import MockServer, call, reply
from ninelives import Voice, VoiceCall, virtual, words
from ninelives.bot.runner_arguments import HostedArguments
from ninelives.lab import run_scenario
from ninelives.lab.conditions import Conditions
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import as_factory
from pipecat.bus.bridge_processor import BusBridgeProcessor
from pipecat.flows import FlowManager
from pipecat.frames.frames import (
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMTextFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyFailover
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.types import SmallWebRTCRunnerArguments, WebSocketRunnerArguments
from pipecat.runner.utils import create_transport, parse_telephony_websocket
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.workers.llm import LLMWorker, LLMWorkerActivationArgs, tool
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

if TYPE_CHECKING:
    from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

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
@pytest.mark.parametrize("voice", [False, True], ids=["text", "voice"])
def test_it_is_judged_as_it_is(bot, name, voice):
    outcome = run_scenario(scenarios()[name], as_factory(bot), conditions=Conditions(voice=voice))
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


class OwnTransport(BaseTransport):
    """A transport as a bot makes one around what its runner gives it."""

    def __init__(self, connection, params):
        super().__init__()
        self._register_event_handler("on_client_connected")
        self._params, self._connection = params, connection
        self._in = BaseInputTransport(params)
        self._out = BaseOutputTransport(params)
        for each in (self._in, self._out):
            each._transport = self

    def input(self):
        return self._in

    def output(self):
        return self._out


async def answers_the_telephone(runner_args):
    """As Pipecat's telephone bots: reads the handshake from the socket, and makes its own transport."""
    kind, call_data = await parse_telephony_websocket(runner_args.websocket)
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True, audio_out_sample_rate=8000)
    transport = OwnTransport(runner_args.websocket, params)
    context = LLMContext()
    worker = PipelineWorker(
        line_up(transport, LLMContextAggregatorPair(context), OpenAIResponsesLLMService())
    )

    @transport.event_handler("on_client_connected")
    async def on_client_connected(transport, client):
        context.add_message({"role": "developer", "content": f"{kind} {call_data.from_number} calls."})
        await worker.queue_frames([LLMRunFrame()])

    await run(worker)


def decorated(bot):
    """Return a bot within a wrapper that names no provider, as one of another module does not."""
    plain = FunctionType((lambda *given: None).__code__, {})
    return wraps(bot)(plain)


@pytest.mark.parametrize("provider", ["twilio", "telnyx", "plivo", "exotel"])
@pytest.mark.parametrize("wrapped", [None, partial, decorated], ids=["plain", "partial", "decorated"])
async def test_a_telephone_bot_gets_the_handshake_of_its_own_provider(provider, wrapped):
    arguments = HostedArguments()
    name = f"{provider.capitalize()}FrameSerializer"
    bot = FunctionType(answers_the_telephone.__code__, {**globals(), name: None})
    arguments.prepare_for(bot if wrapped is None else wrapped(bot))
    kind, call_data = await parse_telephony_websocket(arguments.websocket)
    assert kind == provider
    assert call_data.stream_id
    assert call_data.call_id
    assert provider == "plivo" or call_data.from_number.startswith("+1555")


async def chooses_by_the_kind_of_its_arguments(runner_args):
    """As older bots: one transport for each kind of arguments."""
    match runner_args:
        case SmallWebRTCRunnerArguments():
            connection = runner_args.webrtc_connection
            connection.event_handler("closed")(lambda _: None)
        case WebSocketRunnerArguments():
            connection = runner_args.websocket
        case _:
            raise ValueError(f"unsupported: {type(runner_args)}")
    transport = OwnTransport(connection, TransportParams(audio_out_enabled=True))
    pair = LLMContextAggregatorPair(LLMContext())
    await run(PipelineWorker(line_up(transport, pair, OpenAIResponsesHttpLLMService())))


async def has_two_models_side_by_side(transport, runner_args):
    """One model talks; another, in a branch of its own, keeps a summary that nobody hears."""

    class Deaf(FrameProcessor):
        async def process_frame(self, frame, direction):
            await super().process_frame(frame, direction)
            if not isinstance(frame, LLMTextFrame | LLMFullResponseStartFrame | LLMFullResponseEndFrame):
                await self.push_frame(frame, direction)

    stt, tts = speech()
    talks, notes = LLMContextAggregatorPair(LLMContext()), LLMContextAggregatorPair(LLMContext())
    branches = ParallelPipeline(
        [talks.user(), OpenAIResponsesLLMService(), tts],
        [notes.user(), OpenAIResponsesHttpLLMService(), notes.assistant(), Deaf()],
    )
    pipeline = Pipeline([transport.input(), stt, branches, transport.output(), talks.assistant()])
    await run(PipelineWorker(pipeline, cancel_on_idle_timeout=False))


def called_once(bot, *script):
    """What a caller hears of a bot who says hello, and the call itself."""

    async def talk():
        async with (
            MockServer(script=[*script, reply("You said hello.", user="Hello")]) as server,
            VoiceCall(bot, base_url=server.base_url, ws_url=server.ws_url) as caller,
        ):
            greeted = [turn.played for turn in caller.turns]
            turn = await caller.say("Hello?")
            return greeted, turn.played, caller

    return virtual.run(talk())


def test_a_telephone_bot_gets_a_handshake_and_its_sample_rate():
    greeting = reply("Good morning.", developer=r"twilio \+1555\d+ calls")
    greeted, played, caller = called_once(answers_the_telephone, greeting)
    assert (greeted, played, caller.mishaps) == (["Good morning."], "You said hello.", [])
    assert caller.line.output().sample_rate == 8000
    assert "BaseInputTransport by LineInput" in caller.replaced
    outcome = run_scenario(scenarios()["reset_in_mid_sentence"], as_factory(answers_the_telephone))
    assert outcome.held


def test_a_bot_that_looks_at_the_kind_of_its_arguments_is_hosted():
    greeted, played, caller = called_once(chooses_by_the_kind_of_its_arguments)
    assert (greeted, played, caller.mishaps) == ([], "You said hello.", [])


def test_the_format_that_a_bot_asks_of_create_transport_is_taken_over():
    async def bot(runner_args):
        params = {
            "twilio": lambda: TransportParams(
                audio_in_enabled=True, audio_out_sample_rate=16000, audio_out_10ms_chunks=6
            )
        }
        transport = await create_transport(runner_args, params)
        assert runner_args.call_data.to_number
        pair = LLMContextAggregatorPair(LLMContext())
        await run(PipelineWorker(line_up(transport, pair, OpenAIResponsesLLMService())))

    _, played, caller = called_once(bot)
    output = caller.line.output()
    assert (played, output.sample_rate, output.audio_chunk_size) == (
        "You said hello.",
        16000,
        16000 * 2 * 60 // 1000,
    )


def test_of_two_models_the_one_that_talks_is_heard():
    greeted, played, caller = called_once(has_two_models_side_by_side)
    assert (greeted, played, caller.mishaps) == ([], "You said hello.", [])
    assert (len(caller.services), len(caller.beside)) == (1, 1)
    assert [turn.text for turn in caller.turns] == ["You said hello."]


async def answers_a_web_server(websocket_client, stream_sid: str, call_sid: str, testing: bool):
    assert stream_sid.startswith("MZ")
    assert call_sid.startswith("CA")
    assert not testing
    await talks_over(OwnTransport(websocket_client, TransportParams(audio_out_enabled=True)))


async def answers_a_peer(connection: "SmallWebRTCConnection"):
    assert connection.is_connected()
    await talks_over(OwnTransport(connection, TransportParams(audio_out_enabled=True)))


async def joins_a_room(room_url, token, name="Ada"):
    assert room_url.startswith("https://")
    assert (token, name) == ("not-a-real-token", "Ada")
    await talks_over(OwnTransport(room_url, TransportParams(audio_out_enabled=True)))


async def talks_over(transport):
    pair = LLMContextAggregatorPair(LLMContext())
    await run(PipelineWorker(line_up(transport, pair, OpenAIResponsesHttpLLMService())))


@pytest.mark.parametrize("bot", [answers_a_web_server, answers_a_peer, joins_a_room])
def test_a_bot_gets_what_the_code_of_a_web_server_gives_it(bot):
    greeted, played, caller = called_once(bot)
    assert (greeted, played, caller.mishaps) == ([], "You said hello.", [])
