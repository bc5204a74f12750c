"""A caller cuts in: what was played, what the context keeps, how long the bot goes on."""

import asyncio

import pytest
from mock_openai import reply
from ninelives import Ears, Voice, seconds, words
from ninelives.frames.lines import to_lines

from tests.harness.voice.bots import run_bot

COUNT = "One two three four five six seven eight nine ten."
RIVER = "The river runs north. It is wide and slow, and nobody has crossed it. Take the bridge."

pytestmark = pytest.mark.virtual_time


async def test_barge_in(openai_server, voice_call):
    openai_server.script.add(reply("One two three four five six seven eight nine ten.", user="count"))
    async with voice_call(run_bot, voice=Voice(words_per_minute=200)) as caller:
        turn = await caller.say("Please count.", cut_in=seconds(2.15))  # 2.15 s after the first sound
    assert turn.text == "One two three four five six seven eight nine ten."  # what the model said
    assert turn.played == "One two three four five six seven eight"  # what the caller heard before cutting in
    assert caller.context.get_messages()[-1]["content"] == turn.played  # what the model will be told was said
    assert turn.talk_over <= 0.3  # seconds the bot went on talking


@pytest.mark.parametrize(
    ("rate", "at", "text", "heard"),
    [
        (200, 2.1, COUNT, 8),  # the word that begins at this moment has begun
        (200, 2.09, COUNT, 7),
        (200, 0, COUNT, 1),
        (150, 2.0, COUNT, 6),
        (150, 1.99, COUNT, 5),
        (187, 2.5, COUNT, 8),
        (60, 8.5, COUNT, 9),
        (333, 1.0, COUNT, 6),
        (200, 2.35, RIVER, 8),
        (170, 4.6, RIVER, 14),
    ],
)
async def test_a_word_counts_when_its_sound_has_begun(openai_server, voice_call, rate, at, text, heard):
    openai_server.script.add(reply(text))
    async with voice_call(run_bot, voice=Voice(words_per_minute=rate)) as caller:
        turn = await caller.say("Go on.", cut_in=seconds(at))
    assert turn.text == text
    assert turn.played == " ".join(text.split()[:heard])
    assert caller.context.get_messages()[-1] == {"role": "assistant", "content": turn.played}
    assert turn.context == caller.context.get_messages()
    assert turn.talk_over < 0.01


@pytest.mark.parametrize("cut", [None, 2, 3])
async def test_an_emoji_is_no_word_of_its_own(openai_server, voice_call, cut):
    text = "The harbour 🚢. Boats - and ferries 👨\u200d👩\u200d👧."
    openai_server.script.add(reply(text))
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Go on.", cut_in=cut and words(cut))
    heard = {None: text, 2: "The harbour 🚢.", 3: "The harbour 🚢. Boats -"}
    assert turn.played == heard[cut]
    assert caller.context.get_messages()[-1]["content"] == turn.played


async def test_after_so_many_words(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Please count.", cut_in=words(4))
    assert turn.played == "One two three four"


async def test_an_answer_that_is_over_is_not_cut(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Please count.", cut_in=seconds(30))
    assert turn.interrupted is None
    assert turn.played == turn.text == COUNT
    assert turn.talk_over == 0


@pytest.mark.parametrize("speaks", ["hum", "say", "cut_in"])
async def test_a_word_that_begins_as_the_caller_does_has_begun(openai_server, voice_call, speaks):
    openai_server.script.add(reply(COUNT, user="count"))
    async with voice_call(run_bot, voice=Voice(words_per_minute=200)) as caller:
        first = await caller.say("Please count.")
        counting = asyncio.create_task(caller.say("Please count."))
        await asyncio.sleep(2 * 0.3 + first.dead_air + 4 * 0.3)  # asked as before: now the fifth word begins
        await getattr(caller, speaks)(0.5 if speaks == "hum" else "No.")
        turn = await counting
    assert turn.played == "One two three four five"
    assert caller.context.get_messages()[3]["content"] == turn.played


async def test_speech_that_is_noticed_late_is_talked_over(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot, voice=Voice(words_per_minute=200), ears=Ears(onset=0.5)) as caller:
        turn = await caller.say("Please count.", cut_in=seconds(2.0))
    assert turn.talk_over == pytest.approx(0.5, abs=0.01)
    assert turn.played == "One two three four five six seven eight nine"
    assert caller.context.get_messages()[-1]["content"] == turn.played


async def test_what_follows_is_a_turn_of_its_own(openai_server, voice_call):
    openai_server.script.add(reply(COUNT, user="count"))
    openai_server.script.add(reply("As you like.", user="Stop"))
    async with voice_call(run_bot) as caller:
        first = await caller.say("Please count.", cut_in=words(3))
        second = await caller.say("Stop it.")
    assert [turn.played for turn in (first, second)] == ["One two three", "As you like."]
    assert [message["content"] for message in caller.context.get_messages()] == [
        "Please count.",
        "One two three",
        "Stop it.",
        "As you like.",
    ]


async def test_times_are_those_of_the_sound(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    voice = Voice(words_per_minute=120, first_audio=0.4)
    async with voice_call(run_bot, voice=voice, ears=Ears(delay=0.25, stop=0.2)) as caller:
        turn = await caller.say("Please count.")
    begins = [word.at - turn.first_word_at for word in turn.words]
    assert begins == pytest.approx([0.5 * n for n in range(10)], abs=0.001)
    assert turn.sounds[0].ended - turn.sounds[0].began == pytest.approx(5.0, abs=0.001)
    assert turn.dead_air == pytest.approx(0.65, abs=0.001)  # recognizing the words, and starting to speak
    assert turn.longest_gap == 0
    assert turn.ended == pytest.approx(turn.sounds[-1].ended, abs=0.1)


def trace(caller):
    """All that a caller can tell of a call, to the microsecond."""
    return [
        (
            turn.text,
            [round(at, 6) for at in (turn.began, turn.ended, turn.interrupted)],
            [(round(word.at, 6), word.text) for word in turn.words],
            [(round(sound.began, 6), round(sound.ended, 6)) for sound in turn.sounds],
            to_lines(turn.frames),
        )
        for turn in caller.turns
    ]


@pytest.mark.thorough
async def test_the_same_trace_every_time(openai_server, voice_call):
    openai_server.script.add(reply(RIVER, user="river"))
    openai_server.script.add(reply(COUNT, user="count"))
    traces = []
    for _ in range(5):
        voice = Voice(words_per_minute=187, first_audio=(0.1, 0.9), per_sentence=(0.05, 0.4), seed=7)
        async with voice_call(run_bot, voice=voice) as caller:
            await caller.say("Tell me of the river.", cut_in=seconds(3.3))
            await caller.say("Please count.", cut_in=words(5))
            await caller.pause(3)
        traces.append(trace(caller))
        await asyncio.sleep(10)
    assert traces[1:] == traces[:1] * 4
