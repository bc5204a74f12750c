"""Bots with more than one model at work: the conversation is judged, and nothing beside it."""

import os

import pytest
from mock_openai import MockServer, reply
from ninelives import VoiceCall, seconds, virtual
from ninelives.lab import run_scenario
from ninelives.lab.conditions import Conditions
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import as_factory
from ninelives.lab.undisturbed import play_first
from pipecat.audio.filters.base_audio_filter import BaseAudioFilter
from pipecat.audio.mixers.base_audio_mixer import BaseAudioMixer
from pipecat.frames.frames import LLMContextFrame, MixerEnableFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.utils import create_transport
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

pytestmark = pytest.mark.thorough


def model(kind=OpenAIResponsesLLMService, instructions=None):
    settings = kind.Settings(system_instruction=instructions) if instructions else None
    return kind(api_key=os.environ["OPENAI_API_KEY"], settings=settings)


def voice(**options):
    return OpenAITTSService(api_key=os.environ["SPEECH_API_KEY"], **options)


def ears():
    return OpenAISTTService(api_key=os.environ["SPEECH_API_KEY"])


def aggregators():
    params = LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
    return LLMContextAggregatorPair(LLMContext(), user_params=params)


async def run(pipeline):
    runner = WorkerRunner()
    await runner.add_workers(PipelineWorker(pipeline))
    await runner.run()


async def speaks_two_languages(transport, runner_args):
    branches = []
    for language in ("spanish", "french"):
        pair, llm = LLMContextAggregatorPair(LLMContext()), model(instructions=f"Translate into {language}.")
        branches.append([pair.user(), llm, voice(transport_destination=language), pair.assistant()])
    await run(Pipeline([transport.input(), ears(), ParallelPipeline(*branches), transport.output()]))


async def is_watched_by_another_model(transport, runner_args):
    talk, watch = aggregators(), aggregators()
    await run(
        Pipeline(
            [
                transport.input(),
                ears(),
                UserTurnProcessor(),
                ParallelPipeline(
                    [watch.user(), model(OpenAIResponsesHttpLLMService), watch.assistant()],
                    [talk.user(), model(), voice(), transport.output(), talk.assistant()],
                ),
            ]
        )
    )


class Classifies(FrameProcessor):
    """Asks a model of its own one question about each turn."""

    def __init__(self):
        super().__init__()
        self._llm = model(OpenAIResponsesHttpLLMService)

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            question = LLMContext([{"role": "user", "content": "Is it a person or a machine?"}])
            self.create_task(self._llm.run_inference(question))
        await self.push_frame(frame, direction)


async def classifies_its_caller(transport, runner_args):
    pair = LLMContextAggregatorPair(LLMContext())
    llm = model(OpenAIResponsesHttpLLMService)
    parts = [transport.input(), ears(), pair.user(), Classifies(), llm, voice(), transport.output()]
    await run(Pipeline([*parts, pair.assistant()]))


BOTS = [speaks_two_languages, is_watched_by_another_model, classifies_its_caller]


@pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.__name__)
@pytest.mark.parametrize(
    "name", ["calm_conversation_with_a_tool", "reset_in_mid_sentence", "interruption_in_mid_sentence"]
)
@pytest.mark.parametrize("aloud", [False, True], ids=["text", "voice"])
def test_only_the_conversation_is_judged(bot, name, aloud):
    if bot is is_watched_by_another_model and not aloud:
        pytest.skip("a UserTurnProcessor decides turns by sound")
    outcome = run_scenario(scenarios()[name], as_factory(bot), conditions=Conditions(voice=aloud))
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]


class Summarizes(FrameProcessor):
    """Asks the model of the conversation for a summary before each turn, and waits for it."""

    def __init__(self, llm):
        super().__init__()
        self._llm, self.summaries = llm, []

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            question = LLMContext([{"role": "user", "content": "What was said so far?"}])
            self.summaries.append(await self._llm.run_inference(question))
        await self.push_frame(frame, direction)


@pytest.mark.parametrize("kind", [OpenAIResponsesLLMService, OpenAIResponsesHttpLLMService])
@pytest.mark.parametrize("name", ["reset_before_the_response", "server_error_before_the_answer"])
def test_a_fault_strikes_the_conversation_and_no_single_question(kind, name):
    asked = []

    async def summarizes(transport, runner_args):
        pair = LLMContextAggregatorPair(LLMContext())
        llm = model(kind)
        asked.append(Summarizes(llm))
        parts = [transport.input(), ears(), pair.user(), asked[-1], llm, voice(), transport.output()]
        await run(Pipeline([*parts, pair.assistant()]))

    outcome = run_scenario(scenarios()[name], as_factory(summarizes))
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]
    assert all(asked[-1].summaries)
    assert len(asked[-1].summaries) == len(outcome.episode.turns)
    assert any("fault" in entry.kind for entry in outcome.episode.wire)


def test_a_bot_whose_turns_need_sound_is_called_with_a_voice():
    first = play_first(as_factory(is_watched_by_another_model), voice=None)
    assert (first.held, first.voice) == (True, True)


def test_the_caller_hears_one_track():
    async def talk():
        script = [
            reply("Buenos dias.", instructions="spanish"),
            reply("Bonjour tout le monde.", instructions="french"),
        ]
        async with (
            MockServer(script=script) as server,
            VoiceCall(speaks_two_languages, base_url=server.base_url, ws_url=server.ws_url) as caller,
        ):
            turn = await caller.say("Good morning.")
            return turn.text, turn.played, turn.sounds, [len(caller.services), len(caller.beside)]

    text, played, sounds, models = virtual.run(talk())
    assert (text, played, models) == ("Buenos dias.", "Buenos dias.", [1, 1])
    assert [round(each.ended - each.began, 2) for each in sounds] == [0.6]


class Hum(BaseAudioMixer):
    """Counts what it is asked, and adds a hum."""

    def __init__(self):
        self.frames, self.mixed, self.rate = [], 0, None

    async def start(self, sample_rate):
        self.rate = sample_rate

    async def stop(self):
        self.rate = None

    async def process_frame(self, frame):
        self.frames.append(frame)

    async def mix(self, audio):
        self.mixed += 1
        return bytes(b"\1\0" * (len(audio) // 2))


class HoldsBack(BaseAudioFilter):
    """Gives out sound in pieces of 100 ms."""

    async def start(self, sample_rate):
        self.size, self.kept = sample_rate // 10 * 2, b""

    async def stop(self):
        pass

    async def process_frame(self, frame):
        pass

    async def filter(self, audio):
        self.kept += audio
        whole = len(self.kept) // self.size * self.size
        out, self.kept = self.kept[:whole], self.kept[whole:]
        return out


def with_background(mixer, filter=None):
    async def bot(runner_args):
        params = TransportParams(
            audio_in_enabled=True, audio_out_enabled=True, audio_out_mixer=mixer, audio_out_filter=filter
        )
        transport = await create_transport(runner_args, {"webrtc": lambda: params})
        pair = LLMContextAggregatorPair(LLMContext())
        parts = [transport.input(), ears(), pair.user(), model(), voice(), transport.output()]
        worker = PipelineWorker(Pipeline([*parts, pair.assistant()]), cancel_on_idle_timeout=False)

        @transport.event_handler("on_client_connected")
        async def on_client_connected(transport, client):
            await worker.queue_frame(MixerEnableFrame(True))

        runner = WorkerRunner()
        await runner.add_workers(worker)
        await runner.run()

    return bot


@pytest.mark.parametrize("filter", [None, HoldsBack], ids=["no filter", "a filter"])
def test_a_mixer_and_a_filter_work_on_what_the_bot_says(filter):
    hum = Hum()

    async def talk():
        async with (
            MockServer(script=[reply("One two three four five six.", user="count")]) as server,
            VoiceCall(
                with_background(hum, filter and filter()), base_url=server.base_url, ws_url=server.ws_url
            ) as caller,
        ):
            whole = await caller.say("Please count.")
            before = hum.mixed
            await caller.pause(3600)
            idle = hum.mixed - before
            cut = await caller.say("Please count.", cut_in=seconds(1.0))
            return whole.played, cut.played, idle, hum.rate, len(hum.frames), caller.mishaps

    whole, cut, idle, rate, frames, mishaps = virtual.run(talk())
    assert (whole, cut) == ("One two three four five six.", "One two three four")
    assert (rate is not None, frames, mishaps) == (True, 1, [])
    assert 3590 <= idle < 4000, "an hour of background is not mixed chunk by chunk"
    assert hum.rate is None


def test_an_hour_with_a_mixer_is_judged_like_any_other():
    bot = with_background(Hum())
    scenario = scenarios()["limit_between_turns"]
    outcome = run_scenario(scenario, as_factory(bot), conditions=Conditions(voice=True))
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]
