"""The model has nothing to say, ever."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, STORY, TOOLS, hello

SCENARIO = Scenario(
    name="empty_reply_always",
    sentence="Every response to the question completes without any output.",
    chapter="what the API may answer",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        Say(STORY, None, faults=(faults.at(phase="request", times=None).empty_reply(),)),
    ),
)
