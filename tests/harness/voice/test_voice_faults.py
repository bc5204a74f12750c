"""What goes wrong with a voice: it stalls, fails, loses its connection; and another takes over."""

import asyncio
import os

import pytest
from mock_openai import reply
from ninelives import Voice, VoiceFault, seconds, words
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyFailover
from pipecat.pipeline.worker import PipelineWorker
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.tts_service import TextAggregationMode
from pipecat.workers.runner import WorkerRunner

from tests.harness.voice.bots import pieces, run_bot

COUNT = "One two three four five six seven eight nine ten."
RIVER = "The river runs north. It is wide and slow. Take the bridge."

pytestmark = pytest.mark.virtual_time


async def test_a_voice_that_stalls(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    voice = Voice(words_per_minute=200, faults=[VoiceFault.stall(after=3, seconds=5.0)])
    async with voice_call(run_bot, voice=voice) as caller:
        turn = await caller.say("Please count.")
    assert turn.played == COUNT
    assert turn.longest_gap == pytest.approx(5.0 - 0.9, abs=0.05)  # three words play meanwhile
    assert not turn.errors


PATIENCE = 3.0  # seconds that Pipecat 1.14 waits for sound


@pytest.mark.parametrize(
    "slow",
    [
        {"first_audio": PATIENCE},
        {"per_sentence": PATIENCE},
        {"faults": [VoiceFault.stall(after=3, seconds=PATIENCE)]},
    ],
    ids=lambda slow: next(iter(slow)),
)
async def test_sound_that_comes_when_pipecat_stops_waiting_is_not_lost(openai_server, voice_call, slow):
    openai_server.script.add(reply(RIVER))
    async with voice_call(run_bot, voice=Voice(**slow)) as caller:
        turn = await caller.say("Tell me of the river.")
    assert turn.played == RIVER
    silent = list(slow) == ["first_audio"]  # then Pipecat reports a voice without sound
    assert [error.message[-23:] for error in turn.errors] == ["completed with no audio"] * silent


async def test_a_voice_waits_for_sound_as_long_as_the_bots_own(openai_server, voice_call):
    async def patient(transport, runner_args):
        stt, tts, llm, pair = pieces()
        tts._stop_frame_timeout_s = 8.0
        inside = [transport.input(), stt, pair.user(), llm, tts, transport.output(), pair.assistant()]
        runner = WorkerRunner()
        await runner.add_workers(PipelineWorker(Pipeline(inside)))
        await runner.run()

    openai_server.script.add(reply(COUNT))
    async with voice_call(patient, voice=Voice(first_audio=6.0)) as caller:
        turn = await caller.say("Please count.")
    assert turn.played == COUNT
    assert not turn.errors


async def test_a_voice_that_fails_says_no_more_of_the_sentence(openai_server, voice_call):
    openai_server.script.add(reply(RIVER, user="river"))
    openai_server.script.add(reply("Yes.", user="still"))
    async with voice_call(
        run_bot, voice=Voice(faults=[VoiceFault.fail(after=2, category="server")])
    ) as caller:
        turn = await caller.say("Tell me of the river.")
        after = await caller.say("Are you still there?")
    assert turn.played == "The river It is wide and slow. Take the bridge."
    assert [error.category for error in turn.errors] == ["server"]
    assert not turn.errors[0].permanent
    assert after.played == "Yes."


async def test_a_voice_that_loses_its_connection(openai_server, voice_call):
    lost = []

    async def listens(transport, runner_args):
        stt, tts, llm, pair = pieces()

        @tts.event_handler("on_connection_error")
        async def on_connection_error(service, error):
            lost.append(error)

        inside = [transport.input(), stt, pair.user(), llm, tts, transport.output(), pair.assistant()]
        runner = WorkerRunner()
        await runner.add_workers(PipelineWorker(Pipeline(inside)))
        await runner.run()

    openai_server.script.add(reply(RIVER))
    faults = [VoiceFault.disconnect(after=6, reconnect=4.0)]
    async with voice_call(listens, voice=Voice(words_per_minute=200, faults=faults)) as caller:
        turn = await caller.say("Tell me of the river.")
    assert turn.played == "The river runs north. It is Take the bridge."
    assert [error.category for error in turn.errors] == ["connectivity"]
    assert lost == ["the voice lost its connection after 6 words"]
    assert turn.longest_gap > 2


async def test_of_several_answers_the_one_that_is_meant(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    faults = [VoiceFault.fail(after=4, answer=2)]
    async with voice_call(run_bot, voice=Voice(faults=faults)) as caller:
        played = [(await caller.say("Please count.")).played for _ in range(3)]
    assert played == [COUNT, "One two three four", COUNT]


@pytest.mark.parametrize("category", ["authentication", "invalid_request"])
async def test_a_voice_that_is_finished_gives_way_to_the_next(openai_server, voice_call, category):
    switched = []

    async def has_two(transport, runner_args):
        stt, first, llm, pair = pieces()
        second = OpenAITTSService(api_key=os.environ["SPEECH_API_KEY"])
        voices = ServiceSwitcher([first, second], ServiceSwitcherStrategyFailover)

        @voices.strategy.event_handler("on_service_switched")
        async def on_service_switched(strategy, service):
            switched.append(service is second)
            assert not first.is_usable

        inside = [transport.input(), stt, pair.user(), llm, voices, transport.output(), pair.assistant()]
        runner = WorkerRunner()
        await runner.add_workers(PipelineWorker(Pipeline(inside)))
        await runner.run()

    openai_server.script.add(reply(RIVER))
    voice = Voice(faults=[VoiceFault.fail(after=4, category=category)])
    async with voice_call(has_two, voice=voice) as caller:
        turn = await caller.say("Tell me of the river.")
        after = await caller.say("And again?")
    assert turn.played.startswith("The river runs north.")
    assert switched == [True]
    assert after.played == RIVER


def streams_tokens(transport, runner_args):
    stt, _, llm, pair = pieces()
    tts = CartesiaTTSService(
        api_key=os.environ["CARTESIA_API_KEY"],
        settings=CartesiaTTSService.Settings(voice="a voice"),
        text_aggregation_mode=TextAggregationMode.TOKEN,
    )
    inside = [transport.input(), stt, pair.user(), llm, tts, transport.output(), pair.assistant()]
    return PipelineWorker(Pipeline(inside))


async def test_a_voice_that_is_given_tokens_speaks_each_word(openai_server, voice_call):
    openai_server.script.add(reply(RIVER))
    async with voice_call(streams_tokens, voice=Voice(words_per_minute=200)) as caller:
        turn = await caller.say("Tell me of the river.")
        cut = await caller.say("Again, please.", cut_in=words(6))
        assert caller.context.get_messages()[-1]["content"] == cut.played
    assert turn.text == turn.played == RIVER
    assert cut.played == "The river runs north. It is"


async def test_with_tokens_the_first_word_does_not_wait_for_the_sentence(openai_server, voice_call):
    text = "One two three four five six seven eight nine ten eleven twelve."
    dead_air = []
    openai_server.configure(pace="fixed:0.25")
    openai_server.script.add(reply(text))
    for bot in (run_bot, streams_tokens):
        async with voice_call(bot, voice=Voice(words_per_minute=200)) as caller:
            turn = await caller.say("Please count.")
        assert turn.played == text
        dead_air.append(turn.dead_air)
    assert dead_air[1] < dead_air[0] - 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: VoiceFault.stall(after=-1, seconds=1), "after=-1: expected a number of words, 0 or more"),
        (lambda: VoiceFault.fail(after=1, answer=0), "answer=0: expected the number of an answer, from 1"),
        (lambda: VoiceFault.stall(after=1, seconds=-2), "-2 seconds: expected 0 or more"),
    ],
)
def test_what_is_no_fault(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()


@pytest.mark.thorough
async def test_delays_of_sentences_are_drawn_by_seed(openai_server, voice_call):
    openai_server.script.add(reply(RIVER))
    gaps = []
    for seed in (1, 1, 2):
        voice = Voice(per_sentence=(1.5, 4.0), seed=seed)
        async with voice_call(run_bot, voice=voice) as caller:
            turn = await caller.say("Tell me of the river.", cut_in=seconds(60))
        gaps.append([round(b.began - a.ended, 6) for a, b in zip(turn.sounds, turn.sounds[1:], strict=False)])
    assert gaps[0] == gaps[1] != gaps[2]


async def test_settings_change_while_the_bot_speaks(openai_server, voice_call):
    openai_server.script.add(reply(COUNT, user="count"))
    openai_server.script.add(reply("Yes.", user="Stop"))
    async with voice_call(run_bot) as caller:
        counting = asyncio.create_task(caller.say("Please count."))
        await caller.pause(2.0)
        await caller.update_settings(temperature=0.5)
        second = await caller.say("Stop.")
        first = await counting
        assert caller.service._settings.temperature == 0.5
    assert (first.played, second.played) == ("One two three four", "Yes.")
