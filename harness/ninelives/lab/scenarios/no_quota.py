"""The account is out of credit: a person must act."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, WEATHER, hello

SCENARIO = Scenario(
    name="no_quota",
    sentence="The request is refused because the quota is used up.",
    chapter="what the API may answer",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        Say(WEATHER, None, faults=(faults.at(phase="request", times=None).insufficient_quota(),)),
    ),
)
