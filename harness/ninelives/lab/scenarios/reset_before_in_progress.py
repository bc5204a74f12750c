"""Cut between the first two events."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_before_in_progress",
    sentence="The connection is reset before the event that says that the response is in progress.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.in_progress").reset(),)),
    ),
)
