"""The model has nothing to say, once."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="empty_reply",
    sentence="The response completes without any output, once.",
    chapter="what the API may answer",
    about=("I5", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(phase="request").empty_reply(),)),
    ),
)
