"""A server without a memory."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="previous_response_never_found",
    sentence="The server knows no previous response, however often it is asked.",
    chapter="what the API may answer",
    about=("I5", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(phase="request", times=None).previous_response_not_found(if_named=True),)),
    ),
)
