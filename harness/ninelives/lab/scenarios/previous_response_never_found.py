"""A server without a memory."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="previous_response_never_found",
    sentence="The server knows no previous response, however often it is asked.",
    chapter="what the API may answer",
    about=("I5", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(phase="request", times=None).previous_response_not_found(if_named=True),)),
        Wait(1),
        bye(),
    ),
)
