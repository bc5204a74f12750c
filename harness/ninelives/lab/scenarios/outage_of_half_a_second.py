"""A blip."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="outage_of_half_a_second",
    sentence="The request meets a reset, and connections are refused for half a second.",
    chapter="outages",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(phase="request").refuse(seconds=0.5),)),
    ),
)
