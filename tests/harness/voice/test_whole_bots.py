"""The bot that runs is the user's: own worker, own handlers, own processors, whatever its shape."""

import os

import pytest
from mock_openai import call, reply
from ninelives import Ears, Line, Voice, VoiceCall, seconds, words
from ninelives.usage_error import UsageError
from ninelives.voice.analyzer import ScriptedTurnAnalyzer
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    LLMMessagesAppendFrame,
    LLMRunFrame,
    ManuallySwitchServiceFrame,
    TTSSpeakFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.job_context import JobGroupParams
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.filters.function_filter import FunctionFilter
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.websocket.server import WebsocketServerParams, WebsocketServerTransport
from pipecat.turns.user_mute import AlwaysUserMuteStrategy
from pipecat.turns.user_start import MinWordsUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import (
    ExternalUserTurnStrategies,
    FilterIncompleteUserTurnStrategies,
    UserTurnStrategies,
)
from pipecat.workers.llm import LLMContextWorker
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService

pytestmark = pytest.mark.virtual_time

COUNT = "One two three four five six seven eight nine ten."


def hears(**options):
    return OpenAISTTService(api_key=os.environ["SPEECH_API_KEY"], **options)


def speaks():
    return CartesiaTTSService(
        api_key=os.environ["CARTESIA_API_KEY"], settings=CartesiaTTSService.Settings(voice="a voice")
    )


def thinks():
    return OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"], ws_url=os.environ["OPENAI_WS_URL"])


def remembers(tools=None, **params):
    """Aggregators; by default with strategies that load no model."""
    params.setdefault("user_turn_strategies", UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy()]))
    context = LLMContext(tools=tools) if tools else LLMContext()
    return LLMContextAggregatorPair(context, user_params=LLMUserAggregatorParams(**params))


def line_up(transport, pair=None, stt=None, tts=None, llm=None):
    """The processors of a bot, in order."""
    pair = pair or remembers()
    return [
        transport.input(),
        stt or hears(),
        pair.user(),
        llm or thinks(),
        tts or speaks(),
        transport.output(),
        pair.assistant(),
    ]


async def run(*workers):
    runner = WorkerRunner()
    await runner.add_workers(*workers)
    await runner.run()


async def conversation(openai_server, voice_call, bot, cut=2.15):
    """Count, cut in, and look at what everybody knows."""
    openai_server.script.add(reply(COUNT, user="count"))
    async with voice_call(bot, voice=Voice(words_per_minute=200)) as caller:
        turn = await caller.say("Please count.", cut_in=seconds(cut))
    assert turn.text == COUNT
    assert turn.played == "One two three four five six seven eight"
    assert caller.context.get_messages()[-1]["content"] == turn.played
    assert not caller.mishaps
    return caller


# --- shapes ---------------------------------------------------------------------------------------------


async def test_a_bot_that_makes_its_transport(openai_server, voice_call):
    async def bot(runner_args: RunnerArguments):
        transport = await create_transport(runner_args, {"webrtc": lambda: TransportParams()})
        await run(PipelineWorker(Pipeline(line_up(transport))))

    await conversation(openai_server, voice_call, bot)


async def test_a_function_that_gives_a_worker(openai_server, voice_call):
    def worker(transport):
        return PipelineWorker(Pipeline(line_up(transport)))

    await conversation(openai_server, voice_call, worker)


async def test_a_function_that_gives_a_pipeline_for_an_address(openai_server, voice_call):
    async def pipeline(ws_url):
        pair = remembers()
        llm = OpenAIResponsesLLMService(api_key="any", ws_url=ws_url)
        return Pipeline([hears(), pair.user(), llm, speaks(), pair.assistant()])

    caller = await conversation(openai_server, voice_call, pipeline)
    names = [type(each).__name__ for each in caller._stand_ins.processors]
    assert [name for name in names if "Pipeline" not in name and "RTVI" not in name] == [
        "LineInput",
        "Ears",
        "LLMUserAggregator",
        "OpenAIResponsesLLMService",
        "Voice",
        "LineOutput",
        "LLMAssistantAggregator",
    ]


async def test_a_pipeline_with_neither_ears_nor_mouth(openai_server, voice_call):
    async def pipeline():
        pair = remembers()
        return [pair.user(), thinks(), pair.assistant()]

    await conversation(openai_server, voice_call, pipeline)


async def test_a_service_alone(openai_server, voice_call):
    await openai_server.serve()
    service = OpenAIResponsesLLMService(api_key="any", ws_url=openai_server.ws_url)
    await conversation(openai_server, voice_call, service)


async def test_services_inside_pipelines_and_branches(openai_server, voice_call):
    async def run_bot(transport, runner_args):
        async def shut(_):
            return False

        pair = remembers()
        ears = Pipeline([transport.input(), Pipeline([hears()])])
        mouth = ParallelPipeline([speaks()], [FunctionFilter(shut)])
        await run(
            PipelineWorker(
                Pipeline([ears, pair.user(), thinks(), mouth, transport.output(), pair.assistant()])
            )
        )

    caller = await conversation(openai_server, voice_call, run_bot)
    assert caller.replaced == ["OpenAISTTService by Ears", "CartesiaTTSService by Voice"]


async def test_service_switchers(openai_server, voice_call):
    first, second, made = [], [], []

    async def run_bot(transport, runner_args):
        stt, tts = ServiceSwitcher([hears(), hears()]), ServiceSwitcher([speaks(), speaks()])
        first.append(tts.services[0])
        second.append(tts.services[1])
        made.append(PipelineWorker(Pipeline(line_up(transport, stt=stt, tts=tts))))
        await run(made[0])

    openai_server.script.add(reply("Seven words are spoken here by turns."))
    async with voice_call(run_bot, voice=Voice(words_per_minute=120)) as caller:
        one = await caller.say("Hello?")
        await made[0].queue_frame(ManuallySwitchServiceFrame(service=second[0]))
        two = await caller.say("And now?")
    assert one.played == two.played == "Seven words are spoken here by turns."
    assert len(caller.replaced) == 4
    voices = [each for each in caller._stand_ins.processors if isinstance(each, Voice)]
    assert [voice.seconds_per_word for voice in voices] == [0.5, 0.5]


async def test_a_transport_of_the_bots_own(openai_server, voice_call):
    told = []

    async def run_bot():
        transport = WebsocketServerTransport(params=WebsocketServerParams(audio_out_enabled=True))
        worker = PipelineWorker(Pipeline(line_up(transport)))

        @transport.event_handler("on_client_connected")
        async def on_client_connected(transport, client):
            told.append(("connected", type(transport).__name__))

        @transport.event_handler("on_client_disconnected")
        async def on_client_disconnected(transport, client):
            told.append(("disconnected", type(transport).__name__))
            await worker.cancel()

        await run(worker)

    caller = await conversation(openai_server, voice_call, run_bot)
    assert told == [
        ("connected", "WebsocketServerTransport"),
        ("disconnected", "WebsocketServerTransport"),
    ]
    assert caller.replaced[0] == "SingleClientWebsocketServerInputTransport by LineInput"


# --- it is the bot's own worker -------------------------------------------------------------------------


async def test_what_the_worker_was_made_with(openai_server, voice_call):
    """Parameters, resources, observers, handlers: all are there, and tools see them."""
    told, seen = [], []

    class Counts(BaseObserver):
        async def on_push_frame(self, data):
            seen.append(data.frame)

    async def where(params: FunctionCallParams):
        """Say where the caller is."""
        await params.result_callback(params.app_resources["place"])

    async def run_bot(transport, runner_args):
        worker = PipelineWorker(
            Pipeline(line_up(transport, remembers(tools=[where]))),
            params=PipelineParams(audio_out_sample_rate=16_000),
            app_resources={"place": "Ulm"},
            observers=[Counts()],
            idle_timeout_secs=runner_args.pipeline_idle_timeout_secs,
        )

        @worker.event_handler("on_pipeline_started")
        async def on_pipeline_started(worker, frame):
            told.append("started")

        @worker.event_handler("on_idle_timeout")
        async def on_idle_timeout(worker):
            told.append("idle")

        @worker.event_handler("on_pipeline_finished")
        async def on_pipeline_finished(worker, frame):
            told.append("finished")

        await run(worker)

    openai_server.script.add(reply(call("where"), user="Where"))
    openai_server.script.add(reply("You are in Ulm.", tool_output="where"))
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Where am I?")
        assert caller.worker.params.audio_out_sample_rate == 16_000
        assert caller.line.playback.rate == 32_000
        await caller.pause(301)
    assert [(tool.name, tool.result) for tool in turn.tools] == [("where", "Ulm")]
    assert turn.played == "You are in Ulm."
    assert told == ["started", "idle", "finished"]
    assert seen


async def test_a_bot_that_greets_whoever_connects(openai_server, voice_call):
    async def run_bot(transport, runner_args):
        pair = remembers()
        worker = PipelineWorker(Pipeline(line_up(transport, pair)))

        @transport.event_handler("on_client_connected")
        async def on_client_connected(transport, client):
            await worker.queue_frames([TTSSpeakFrame("Good morning."), LLMRunFrame()])

        pair.user().context.add_message({"role": "developer", "content": "Offer help."})
        await run(worker)

    openai_server.script.add(reply("How can I help?", developer="help"))
    async with voice_call(run_bot) as caller:
        pass
    assert " ".join(turn.played for turn in caller.turns) == "Good morning. How can I help?"
    assert caller.turns[0].user is None


async def test_a_bot_that_greets_when_its_client_is_ready(openai_server, voice_call):
    async def run_bot(transport, runner_args):
        worker = PipelineWorker(Pipeline(line_up(transport)))

        @worker.rtvi.event_handler("on_client_ready")
        async def on_client_ready(rtvi):
            await worker.queue_frame(TTSSpeakFrame("Good morning."))

        await run(worker)

    openai_server.script.add(reply("Hello."))
    async with voice_call(run_bot) as caller:
        assert caller.turns[0].played == "Good morning."


# --- turns are the bot's own ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "strategies",
    [None, ExternalUserTurnStrategies(), UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy()])],
)
async def test_whatever_decides_the_users_turns(openai_server, voice_call, strategies):
    async def run_bot(transport, runner_args):
        pair = remembers(user_turn_strategies=strategies, vad_analyzer=SileroVADAnalyzer())
        await run(PipelineWorker(Pipeline(line_up(transport, pair))))

    caller = await conversation(openai_server, voice_call, run_bot)
    scripted = any(ScriptedTurnAnalyzer.__name__ in each for each in caller.replaced)
    assert scripted == (strategies is None)
    assert "SileroVADAnalyzer by Ears" in caller.replaced


class DetectsTurns(OpenAISTTService):
    """As Deepgram Flux: it asks for turn strategies that follow it."""

    def service_metadata_frame(self):
        frame = super().service_metadata_frame()
        frame.user_turn_strategies = ExternalUserTurnStrategies()
        return frame


async def test_a_recognizer_that_detects_turns_itself_is_followed(openai_server, voice_call):
    async def run_bot(transport, runner_args):
        pair = remembers(user_turn_strategies=None)  # with none of its own, a bot takes what is recommended
        await run(PipelineWorker(Pipeline(line_up(transport, pair, stt=DetectsTurns(api_key="any")))))

    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Please count.", cut_in=words(4))
        assert caller._stand_ins.proposes
    assert turn.played == "One two three four"


async def test_a_bot_that_minds_only_several_words(openai_server, voice_call):
    async def run_bot(transport, runner_args):
        strategies = UserTurnStrategies(
            start=[MinWordsUserTurnStartStrategy(min_words=3)], stop=[SpeechTimeoutUserTurnStopStrategy()]
        )
        await run(PipelineWorker(Pipeline(line_up(transport, remembers(user_turn_strategies=strategies)))))

    openai_server.script.add(reply(COUNT, user="count"))
    openai_server.script.add(reply("As you like.", user="Stop"))
    async with voice_call(run_bot, ears=Ears(delay=0.1)) as caller:
        first = await caller.say("Please count now.", cut_in=seconds(0.9))
        assert first.played == COUNT  # a noise does not stop it
        assert first.talk_over == pytest.approx(2.1, abs=0.01)
        second = await caller.say("Stop it now, please.")
    assert second.played == "As you like."


@pytest.mark.parametrize("with_voice", [True, False])
async def test_a_bot_that_leaves_the_end_of_turns_to_its_model(openai_server, voice_call, bot, with_voice):
    async def run_bot(transport, runner_args):
        pair = remembers(user_turn_strategies=FilterIncompleteUserTurnStrategies())
        await run(PipelineWorker(Pipeline(line_up(transport, pair))))

    openai_server.script.add(reply("●  As you like.", user="Stop"))  # one that follows its instructions
    openai_server.script.add(reply(COUNT, user="count"))
    async with (voice_call if with_voice else bot)(run_bot) as caller:
        first = await caller.say("Please count.")
        second = await caller.say("And count again.", cut_in=words(3))
        third = await caller.say("Stop it.")
    assert first.played == COUNT
    assert second.played.startswith("One two three")
    assert second.interrupted is not None
    assert third.played.removeprefix("●").strip() == "As you like."


async def test_a_bot_that_cannot_be_interrupted(openai_server, voice_call):
    async def run_bot(transport, runner_args):
        pair = remembers(user_mute_strategies=[AlwaysUserMuteStrategy()])
        await run(PipelineWorker(Pipeline(line_up(transport, pair))))

    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Please count.", cut_in=seconds(1))
    assert turn.played == COUNT
    assert turn.talk_over == pytest.approx(2.0, abs=0.01)


# --- what goes wrong ------------------------------------------------------------------------------------


class Researcher(LLMContextWorker):
    """Does jobs for the worker with the caller, with a model and a context of its own."""

    def __init__(self, name):
        super().__init__(name, llm=thinks(), active=True)
        self._job = None

        @self.assistant_aggregator.event_handler("on_assistant_turn_stopped")
        async def on_assistant_turn_stopped(aggregator, message):
            await self.send_job_response(self._job, {"found": message.content})

    async def on_job_request(self, message):
        await super().on_job_request(message)
        self._job = message.job_id
        topic = {"role": "developer", "content": f"{self.name}: {message.payload['topic']}"}
        await self.queue_frame(LLMMessagesAppendFrame(messages=[topic], run_llm=True))


@pytest.mark.parametrize("with_voice", [True, False], ids=["voice", "text"])
@pytest.mark.parametrize("first", [True, False], ids=["added first", "added last"])
async def test_workers_that_do_jobs_are_not_called(openai_server, voice_call, bot, with_voice, first):
    async def research(params, topic: str):
        """Look into a topic.

        Args:
            topic: What to look into.
        """
        async with params.pipeline_worker.job_group(
            "for", "against", params=JobGroupParams(payload={"topic": topic})
        ) as group:
            pass
        await params.result_callback([each["found"] for each in group.responses.values()])

    async def run_bot(transport, runner_args):
        main = PipelineWorker(Pipeline(line_up(transport, remembers([research]))))
        jobs = [Researcher("for"), Researcher("against")]
        await run(*jobs, main) if first else await run(main, *jobs)

    openai_server.script.add(reply(call("research", topic="tea"), user="tea"))
    openai_server.script.add(reply("It is warm.", developer="for: tea"))
    openai_server.script.add(reply("It is hot.", developer="against: tea"))
    openai_server.script.add(reply("Tea is warm, and hot.", tool_output="research"))
    async with (voice_call if with_voice else bot)(run_bot) as caller:
        turn = await caller.say("Should I drink tea?")
    assert turn.played == turn.text == "Tea is warm, and hot."
    assert sorted(turn.tools[0].result) == ["It is hot.", "It is warm."]
    assert (len(caller.services), len(caller.beside)) == (1, 2)
    assert [each["role"] for each in caller.context.get_messages()] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]


class Stumbles(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSSpeakFrame):
            raise ValueError("I will not say that")
        await self.push_frame(frame, direction)


async def test_a_processor_that_raises(openai_server, voice_call):
    workers = []

    async def run_bot(transport, runner_args):
        workers.append(PipelineWorker(Pipeline([Stumbles(), *line_up(transport)])))
        await run(workers[0])

    openai_server.script.add(reply("Hello."))
    async with voice_call(run_bot) as caller:
        await workers[0].queue_frame(TTSSpeakFrame("Fie."))
        turn = await caller.say("Hello?")
    assert turn.played == "Hello."
    (mishap,) = caller.mishaps
    assert "ValueError: I will not say that" in str(mishap)
    assert "test_whole_bots.py" in mishap.place


async def test_a_bot_that_fails_before_it_runs(openai_server, voice_call):
    async def run_bot(transport, runner_args):
        raise LookupError("no prompt")

    with pytest.raises(LookupError, match="no prompt"):
        async with voice_call(run_bot):
            pass


@pytest.mark.parametrize(
    ("bot", "said"),
    [
        (lambda transport: None, "returned without running a pipeline"),
        (lambda transport: 5, "returned a int"),
        (lambda transport, room: None, "has the parameter 'room'"),
    ],
)
async def test_no_bot_at_all(openai_server, voice_call, bot, said):
    with pytest.raises(UsageError, match=said):
        async with voice_call(bot):
            pass


async def test_nothing_is_left_patched(openai_server, voice_call):
    runs, signals = PipelineWorker.run, WorkerRunner._setup_sigint
    await conversation(
        openai_server, voice_call, lambda transport: PipelineWorker(Pipeline(line_up(transport)))
    )
    assert (PipelineWorker.run, WorkerRunner._setup_sigint) == (runs, signals)
    assert "SPEECH_API_KEY" not in os.environ


async def test_who_calls_outside_of_a_call():
    caller = VoiceCall(lambda: None, line=Line())
    with pytest.raises(RuntimeError, match="the call is not running"):
        await caller.say("Hello?")
