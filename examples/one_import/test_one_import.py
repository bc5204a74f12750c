"""One import changed, and the caller hears the whole answer although the connection was reset."""

from pathlib import Path

import one_import_bot
import pytest
from mock_openai import faults, reply

PIPECATS = "from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService"
OURS = "from pipecat_responses import OpenAIResponsesLLMService"

FORECAST = "It is nice in San Francisco today, and it will stay so."


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """The same bot with the other import."""
    text = Path(one_import_bot.__file__).read_text("utf-8")
    assert text.count(PIPECATS) == 1
    (tmp_path / "changed_bot.py").write_text(text.replace(PIPECATS, OURS), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import changed_bot

    return changed_bot


async def forecast(openai_server, bot, run_bot):
    openai_server.script.add(reply(FORECAST, user="weather"))
    openai_server.faults.add(faults.at(event="response.output_text.delta", nth=5).reset())
    async with bot(run_bot) as user:
        return await user.say("How is the weather in San Francisco?")


@pytest.mark.virtual_time
async def test_pipecats_service_leaves_the_caller_with_half_an_answer(openai_server, bot):
    turn = await forecast(openai_server, bot, one_import_bot.run_bot)
    assert turn.text != FORECAST


@pytest.mark.virtual_time
async def test_ours_goes_on_where_it_stopped(openai_server, bot, changed):
    turn = await forecast(openai_server, bot, changed.run_bot)
    assert turn.text == FORECAST
    assert not turn.errors
