"""Cut between the first two events."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="reset_before_in_progress",
    sentence="The connection is reset before the event that says that the response is in progress.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(event="response.in_progress").reset(),)),
        Wait(1),
        bye(),
    ),
)
