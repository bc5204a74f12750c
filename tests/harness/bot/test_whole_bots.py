"""A whole bot without a voice: the same worker, handlers and resources as with one."""

import asyncio
import os

import pytest
from mock_openai import MockServer, call, reply
from ninelives import seconds, words
from ninelives.usage_error import UsageError
from pipecat.frames.frames import LLMRunFrame
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
from pipecat.turns.user_mute import MuteUntilFirstBotCompleteUserMuteStrategy
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService

pytestmark = pytest.mark.virtual_time


def llm():
    return OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"], ws_url=os.environ["OPENAI_WS_URL"])


def line_up(transport, context, *extra):
    stt = OpenAISTTService(api_key=os.environ["SPEECH_API_KEY"])
    tts = OpenAITTSService(api_key=os.environ["SPEECH_API_KEY"])
    pair = LLMContextAggregatorPair(context)
    mouth = ParallelPipeline([tts, transport.output()], [])
    return Pipeline([transport.input(), stt, *extra, pair.user(), llm(), mouth, pair.assistant()])


async def run(worker):
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()


async def test_it_runs_on_its_own_worker(openai_server, bot):
    told = []

    async def where(params):
        """Say where."""
        await params.result_callback(params.app_resources["place"])

    async def run_bot(transport, runner_args):
        worker = PipelineWorker(line_up(transport, LLMContext(tools=[where])), app_resources={"place": "Ulm"})

        @worker.event_handler("on_pipeline_started")
        async def on_pipeline_started(worker, frame):
            told.append("started")

        @worker.event_handler("on_idle_timeout")
        async def on_idle_timeout(worker):
            told.append("idle")

        @transport.event_handler("on_client_disconnected")
        async def on_client_disconnected(transport, client):
            told.append("gone")
            await worker.cancel()

        await run(worker)
        told.append("over")

    openai_server.script.add(reply(call("where"), user="Where"))
    openai_server.script.add(reply("You are in Ulm.", tool_output="where"))
    async with bot(run_bot) as user:
        turn = await user.say("Where am I?")
        await user.wait(3600)  # without sound nobody can tell whether it is idle
        own = user.worker
    assert own.app_resources == {"place": "Ulm"}
    assert [(each.name, each.result) for each in turn.calls] == [("where", "Ulm")]
    assert turn.text == "You are in Ulm."
    assert told == ["started", "gone", "over"]


async def test_it_greets_when_its_client_is_ready_and_is_cut_in(openai_server, bot):
    async def my_bot(runner_args):
        context = LLMContext()
        worker = PipelineWorker(line_up(await create_transport(runner_args, {}), context))

        @worker.rtvi.event_handler("on_client_ready")
        async def on_client_ready(rtvi):
            context.add_message({"role": "developer", "content": "Offer help."})
            await worker.queue_frames([LLMRunFrame()])

        await run(worker)

    openai_server.script.add(reply("One two three four five.", user="count"))
    openai_server.script.add(reply("How can I help?", developer="help"))
    async with bot(my_bot) as user:
        assert [turn.text for turn in user.turns] == ["How can I help?"]
        turn = user.say_soon("Please count.")
        await user.interrupt(after_words=2)
        await user.listen(turn)
    assert turn.interrupted is not None
    assert user.context.get_messages()[-1]["content"].startswith("One two")


async def test_a_greeting_that_takes_its_time_is_heard_out(openai_server, bot):
    async def run_bot(transport, runner_args):
        context = LLMContext()
        worker = PipelineWorker(line_up(transport, context))

        @transport.event_handler("on_client_connected")
        async def on_client_connected(transport, client):
            await asyncio.sleep(2)  # or it encodes a picture in a thread
            context.add_message({"role": "developer", "content": "Offer help."})
            await worker.queue_frames([LLMRunFrame()])

        await run(worker)

    openai_server.script.add(reply("Hello.", user="Hello"))
    openai_server.script.add(reply("How can I help?", developer="help"))
    async with bot(run_bot) as user:
        assert [turn.text for turn in user.turns] == ["How can I help?"]
        assert (await user.say("Hello?")).text == "Hello."


async def test_its_caller_does_what_a_caller_with_a_voice_does(openai_server, bot):
    async def run_bot(transport, runner_args):
        await run(PipelineWorker(line_up(transport, LLMContext())))

    openai_server.configure(pace="fixed:0.5")
    openai_server.script.add(reply("One two three four five six.", user="count"))
    openai_server.script.add(reply("As you like.", user="Stop"))
    async with bot(run_bot) as user:
        counted = await user.say("Please count.", cut_in=words(3))
        stopped = await user.cut_in("Stop it.")
        late = await user.say("Please count.", cut_in=seconds(1.2))
        await user.hum()
        await user.pause(2)
        over = await user.say("Please count.", cut_in=seconds(60))
    assert counted.played.startswith("One two three")
    assert "six" not in counted.played + late.played
    assert counted.interrupted is not None
    assert late.interrupted == pytest.approx(late.first_word_at + 1.2, abs=0.01)
    assert stopped.played == "As you like."
    assert stopped.context[-1]["content"] == "As you like."
    assert over.played == "One two three four five six."
    assert over.interrupted is None
    assert over.longest_gap >= 0.5
    assert [each.name for each in over.tools] == []


async def test_it_listens_though_it_waits_for_its_own_sound(openai_server, bot):
    async def run_bot(transport, runner_args):
        mute = [MuteUntilFirstBotCompleteUserMuteStrategy()]
        params = LLMUserAggregatorParams(user_mute_strategies=mute)
        pair = LLMContextAggregatorPair(LLMContext(), user_params=params)
        await run(PipelineWorker(Pipeline([transport.input(), pair.user(), llm(), pair.assistant()])))

    openai_server.script.add(reply("Hello."))
    async with bot(run_bot) as user:
        assert (await user.say("Hello?")).text == "Hello."


class Stumbles(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if type(frame).__name__ == "TranscriptionFrame":
            raise ValueError("too loud")
        await self.push_frame(frame, direction)


async def test_what_its_processors_raise_reaches_the_test(openai_server, bot):
    async def run_bot(transport):
        await run(PipelineWorker(line_up(transport, LLMContext(), Stumbles())))

    openai_server.script.add(reply("Hello."))
    async with bot(run_bot) as user:
        await user.say("Hello?")
    assert "ValueError: too loud" in str(user.mishaps[0])
    assert "test_whole_bots.py" in user.mishaps[0].place


async def test_what_its_function_raises_afterwards_is_raised(openai_server, bot):
    async def run_bot(transport):
        await run(PipelineWorker(line_up(transport, LLMContext())))
        raise LookupError("nothing to clear up")

    with pytest.raises(LookupError, match="nothing to clear up"):
        async with bot(run_bot):
            pass


async def test_a_bot_that_hangs_up_is_gone(openai_server, bot):
    async def run_bot(transport):
        worker = PipelineWorker(line_up(transport, LLMContext()))

        async def leave():
            await asyncio.sleep(5)
            await worker.cancel()

        worker.add_event_handler("on_pipeline_started", lambda *_: asyncio.ensure_future(leave()))
        await run(worker)

    openai_server.script.add(reply("Hello."))
    async with bot(run_bot) as user:
        assert (await user.say("Hello?")).text == "Hello."
        await user.wait(10)
        with pytest.raises(RuntimeError, match="the bot ended while"):
            await user.say("Are you there?")


async def test_two_bots_at_once_have_their_own_lines_and_addresses(openai_server, bot, voice_call):
    seen = {}

    def named(name):
        async def my_bot(runner_args):
            transport = await create_transport(runner_args, {})
            seen[name] = transport, os.environ["OPENAI_BASE_URL"], os.getenv("OPENAI_WS_URL")
            await asyncio.sleep(1)
            assert os.environ["OPENAI_BASE_URL"] == seen[name][1]
            await run(PipelineWorker(line_up(transport, LLMContext())))

        return my_bot

    await openai_server.serve()
    before = dict(os.environ)
    async with MockServer(script=[reply("I am the other one.")]) as other:
        openai_server.script.add(reply("I am the one."))
        urls = {"base_url": other.base_url, "ws_url": other.ws_url}
        one, two = bot(named("one")), bot(named("two"), **urls)
        users = await asyncio.gather(one.__aenter__(), two.__aenter__())
        third = voice_call(named("three"))
        caller = await third.__aenter__()
        said = await asyncio.gather(*(each.say("Who are you?") for each in (*users, caller)))
        for each in (one, two, third):  # in the order in which they came
            await each.__aexit__(None, None, None)
    assert [turn.text for turn in said] == ["I am the one.", "I am the other one.", "I am the one."]
    assert said[2].played == "I am the one."
    assert len({id(transport) for transport, *_ in seen.values()}) == 3
    assert seen["two"][1:] == (other.base_url, other.ws_url)
    assert dict(os.environ) == before


async def test_no_bot_at_all(openai_server, bot):
    with pytest.raises(UsageError, match="returned a int; expected an LLM service"):
        async with bot(lambda transport: 5):
            pass
