"""The socket is reset in mid-sentence, and the caller hears the whole sentence once."""

import pytest
from mock_openai import faults, reply
from ninelives.lab.seams import voice_flaw

from tests.harness.voice.bots import run_bot

ANSWER = "One two three four five six seven eight nine ten. Eleven is very very near."

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize("continuation", ["rest", "repeat"])
@pytest.mark.parametrize("nth", [2, 5, 13])
async def test_the_whole_sentence_is_played_once(openai_server, voice_call, nth, continuation):
    openai_server.script.add(reply(ANSWER, user="count", continuation=continuation))
    openai_server.faults.add(faults.at(turn=1, event="response.output_text.delta", nth=nth).reset())
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Please count.")
    assert (turn.text, turn.errors) == (ANSWER, [])
    assert turn.played == ANSWER
    assert caller.context.get_messages()[-1] == {"role": "assistant", "content": ANSWER}


async def test_what_a_model_says_in_other_words_follows_what_was_played(openai_server, voice_call):
    openai_server.script.add(reply("It is 21 degrees and sunny.", continuation="rephrase"))
    openai_server.faults.add(faults.at(turn=1, event="response.output_text.delta", nth=5).reset())
    async with voice_call(run_bot) as caller:
        turn = await caller.say("The weather?")
    assert turn.played == "It is 21 Put another way, it is 21 degrees and sunny."
    assert voice_flaw(turn.text, turn.played) is None


async def test_a_turn_with_a_voice_tells_what_was_spoken_when_the_connection_broke(openai_server, voice_call):
    openai_server.script.add(reply(ANSWER, user="count"))
    openai_server.faults.add(faults.at(event="response.output_text.delta", nth=5).reset())
    async with voice_call(run_bot) as caller:
        turn = await caller.say("Please count.")
    assert (turn.played, turn.spoken_before_loss) == (ANSWER, ["One two three four"])
    assert "on_response_interrupted" in caller.events
