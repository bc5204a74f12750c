"""The server is away for three seconds when the user speaks."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="outage_while_speaking",
    sentence="The request meets a reset, and connections are refused for three seconds.",
    chapter="outages",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(phase="request").refuse(seconds=3),)),
        Wait(5),
        bye(),
    ),
)
