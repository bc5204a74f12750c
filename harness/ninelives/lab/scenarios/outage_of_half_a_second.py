"""A blip."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="outage_of_half_a_second",
    sentence="The request meets a reset, and connections are refused for half a second.",
    chapter="outages",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(phase="request").refuse(seconds=0.5),)),
        Wait(1),
        bye(),
    ),
)
