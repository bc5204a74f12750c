"""A caller cuts in: what was played, what the context keeps, how long the bot goes on."""

import pytest
from mock_openai import reply
from ninelives import Voice, seconds, words

from tests.harness.voice.bots import run_bot


@pytest.mark.virtual_time
async def test_barge_in(openai_server, voice_call):
    openai_server.script.add(reply("One two three four five six seven eight nine ten.", user="count"))
    async with voice_call(run_bot, voice=Voice(words_per_minute=200)) as caller:
        turn = await caller.say("Please count.", cut_in=seconds(2.15))  # 2.15 s after the first sound
    assert turn.text == "One two three four five six seven eight nine ten."  # what the model said
    assert turn.played == "One two three four five six seven eight"  # what the caller heard before cutting in
    assert caller.context.get_messages()[-1]["content"] == turn.played  # what the model will be told was said
    assert turn.talk_over <= 0.3  # seconds the bot went on talking
