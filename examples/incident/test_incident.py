"""From a call that went wrong to a scenario that shows why, and that another service survives."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fragile_bot import box, run_bot
from mock_openai import faults, reply

HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the bot runs, and leaves its incidents."""
    shutil.copy(HERE / "fragile_bot.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
async def incident(openai_server, bot, folder):
    """A call in which the model fell silent in mid-sentence, as the black box kept it."""
    openai_server.script.add(reply("The train leaves at ten past nine from platform four.", user="train"))
    openai_server.faults.add(faults.at(event="response.output_text.delta", nth=4).stall())
    async with bot(run_bot) as user:
        with pytest.raises(TimeoutError):  # after a minute, which takes no time here
            await user.say("When does the train leave?")
        await user.wait(5)
    assert box.flush(60)  # it writes in a thread
    kept, *_ = box.incidents
    return folder / kept


def ninelives(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ninelives", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.virtual_time
async def test_it_is_reproduced_and_kept_as_a_scenario(incident, folder):
    code, said = ninelives("reproduce", incident, "--bot", "fragile_bot.py")
    assert code == 1, said  # 1: the same breach again
    assert "wrote scenarios/" in said
    assert (folder / "incident.md").exists()

    (scenario,) = (folder / "scenarios").glob("*.yaml")
    code, said = ninelives(
        *("verdict", "pipecat_responses:OpenAIResponsesLLMService", "--scenario-file", scenario)
    )
    assert code == 0, said
