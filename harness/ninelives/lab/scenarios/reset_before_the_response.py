"""The connection dies as the request arrives."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_before_the_response",
    sentence="The connection is reset when the request has arrived and nothing was answered yet.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(phase="request").reset(),)),
    ),
)
