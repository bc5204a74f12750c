"""A minute without a server."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, STORY, TOOLS, bye, hello

SCENARIO = Scenario(
    name="outage_of_a_minute",
    sentence="A request meets a reset, and for a minute connections are refused; the user asks again later.",
    chapter="outages",
    about=("I9", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        Say(STORY, None, faults=(faults.at(phase="request").refuse(seconds=60),)),
        Wait(90),
        bye(),
    ),
)
