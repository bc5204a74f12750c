"""Overloaded, and no end of it."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, STORY, TOOLS, hello

SCENARIO = Scenario(
    name="overloaded_for_good",
    sentence="Every request of the turn is answered with 'overloaded'.",
    chapter="what the API may answer",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        Say(STORY, None, faults=(faults.at(phase="request", times=None).overloaded(),)),
    ),
)
