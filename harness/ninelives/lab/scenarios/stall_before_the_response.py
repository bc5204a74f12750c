"""A server that takes the request and says nothing."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="stall_before_the_response",
    sentence="The request arrives and is never answered; the connection stays up.",
    chapter="before the first word",
    about=("I4", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), story(faults=(faults.at(phase="request").stall(),)), Wait(1), bye()),
)
