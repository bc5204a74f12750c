"""The conversation has grown too long."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, STORY, TOOLS, hello

SCENARIO = Scenario(
    name="context_too_long",
    sentence="The request is refused because the context is too long.",
    chapter="what the API may answer",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        Say(
            STORY,
            None,
            faults=(faults.at(phase="request", times=None).server_error(400, "context_length_exceeded"),),
        ),
    ),
)
