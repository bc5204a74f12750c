"""Closed for a reason of policy."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, STORY, TOOLS, hello

SCENARIO = Scenario(
    name="close_1008_before_the_answer",
    sentence="The server closes with 1008 (policy violation) whenever a request arrives.",
    chapter="before the first word",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        Say(STORY, None, faults=(faults.at(phase="request", times=None).close(1008, "policy violation"),)),
    ),
    transports=SOCKET,
)
