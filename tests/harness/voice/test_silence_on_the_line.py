"""I10 where there is a voice: what the caller hears decides, whatever the model has said by then."""

from __future__ import annotations

import pytest
from mock_openai import reply
from ninelives import Voice, seconds
from ninelives.lab import judge_silence
from ninelives.voice import VoiceFault

from tests.harness.voice.bots import run_bot

pytestmark = pytest.mark.virtual_time

COUNT = "One two three four five. Six seven eight nine ten."


async def talked(openai_server, voice_call, voice, **given):
    openai_server.script.add(reply(COUNT, user="count"))
    async with voice_call(run_bot, voice=voice) as caller:
        turn = await caller.say("Please count.", **given)
    assert turn.text == COUNT
    return turn


async def test_a_voice_that_begins_at_once_leaves_nobody_in_silence(openai_server, voice_call):
    turn = await talked(openai_server, voice_call, Voice())
    assert judge_silence([turn], max_dead_air="2s").held


async def test_a_voice_that_begins_late_does_though_the_text_is_there(openai_server, voice_call):
    turn = await talked(openai_server, voice_call, Voice(first_audio=2.5))
    found = judge_silence([turn], max_dead_air="2s")
    assert found.held is False
    assert "before the first word, more than 2 s" in found.why
    assert judge_silence([turn]).held
    assert judge_silence([turn], max_first_word="3s", max_dead_air="1s").held


async def test_a_voice_that_stalls_inside_the_answer_does(openai_server, voice_call):
    turn = await talked(openai_server, voice_call, Voice(per_sentence=4.0))
    assert turn.longest_gap > 2.0
    assert "inside the answer" in judge_silence([turn], max_dead_air="2s").why
    assert judge_silence([turn]).held


async def test_a_sentence_that_is_never_played_is_not_a_whole_answer(openai_server, voice_call):
    turn = await talked(openai_server, voice_call, Voice(faults=[VoiceFault.fail(after=5)]))
    assert turn.unheard
    whole = await talked(openai_server, voice_call, Voice())
    assert not whole.unheard


async def test_a_caller_who_cuts_in_does_not_wait(openai_server, voice_call):
    turn = await talked(openai_server, voice_call, Voice(per_sentence=9.0), cut_in=seconds(2.0))
    assert judge_silence([turn], max_dead_air="3s").held


async def test_a_limit_that_is_none_is_refused():
    with pytest.raises(ValueError, match="max_dead_air soon: expected a duration"):
        judge_silence([], max_dead_air="soon")
