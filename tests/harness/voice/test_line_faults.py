"""What goes wrong on the line: sound that comes late, and a line that is lost for a while or for good."""

import asyncio

import pytest
from mock_openai import reply
from ninelives import Line, Voice, VoiceCall, seconds, words

from tests.harness.voice.bots import run_bot

COUNT = "One two three four five six seven eight nine ten."

pytestmark = pytest.mark.virtual_time


def steady():
    return Voice(words_per_minute=200)


@pytest.mark.thorough
async def test_jitter_is_heard_as_gaps_and_is_the_same_every_time(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    sounds = []
    for jitter, seed in ((0.0, 1), ((0.0, 0.08), 1), ((0.0, 0.08), 1), ((0.0, 0.08), 2)):
        async with voice_call(run_bot, voice=steady(), line=Line(jitter=jitter, seed=seed)) as caller:
            turn = await caller.say("Please count.")
        assert turn.played == COUNT
        sounds.append([(round(s.began - turn.sounds[0].began, 6), round(s.ended, 6)) for s in turn.sounds])
    even, first, again, other = sounds
    assert len(even) == 1
    assert len(first) > 1
    assert first == again != other


async def test_a_caller_who_cuts_in_has_not_heard_what_is_still_on_its_way(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot, voice=steady(), line=Line(jitter=0.5)) as caller:
        turn = await caller.say("Please count.", cut_in=seconds(2.15))
    assert turn.played == "One two three four five six seven eight"
    assert turn.talk_over < 0.01


async def test_what_is_said_while_the_line_is_lost_is_not_heard(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot, voice=steady()) as caller:
        caller.lose_line(0.9, at=words(3))  # as the third word begins
        turn = await caller.say("Please count.")
        after = await caller.say("Again, please.")
    assert turn.text == COUNT
    assert turn.played == "One two three seven eight nine ten."
    assert turn.longest_gap == pytest.approx(0.9, abs=0.03)
    assert after.played == COUNT
    assert "four" in caller.context.get_messages()[1]["content"]  # the bot cannot know


async def test_nobody_hears_a_caller_whose_line_is_lost(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot, voice=steady()) as caller:
        caller.lose_line(5)
        turn = await caller.say("Please count.")
        after = await caller.say("Are you there?")
    assert turn.played == turn.text == ""
    assert after.played == COUNT


async def test_a_line_that_is_lost_for_good_is_noticed(openai_server, voice_call):
    openai_server.script.add(reply(COUNT))
    async with voice_call(run_bot, voice=steady()) as caller:
        caller.lose_line(at=words(3))
        turn = await caller.say("Please count.")
        await caller.pause(10)
        assert caller._host.ended  # the bot's own on_client_disconnected has ended it
    assert turn.played == "One two three"


async def test_two_calls_at_once_do_not_mix(openai_server, voice_call):
    openai_server.script.add(reply("You said one.", user="One"))
    openai_server.script.add(reply("You said two, and it takes a while.", user="Two"))
    async with voice_call(run_bot, voice=steady()) as first, voice_call(run_bot, voice=steady()) as second:
        said = await asyncio.gather(first.say("One."), second.say("Two.", cut_in=words(4)))
        assert [turn.played for turn in said] == ["You said one.", "You said two, and"]
        assert [len(each.context.get_messages()) for each in (first, second)] == [2, 2]


def test_what_is_no_jitter():
    with pytest.raises(ValueError, match=r"jitter=\(0.2, 0.1\): expected seconds, or a range of seconds"):
        Line(jitter=(0.2, 0.1))


async def test_there_is_no_line_to_lose_outside_of_a_call():
    with pytest.raises(RuntimeError, match="the call is not running"):
        VoiceCall(run_bot).lose_line()
