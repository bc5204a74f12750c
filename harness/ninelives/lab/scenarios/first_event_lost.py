"""A response without a beginning."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="first_event_lost",
    sentence="The event that creates the response never arrives.",
    chapter="spoilt events",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(event="response.created").drop(),)),
        Wait(1),
        bye(),
    ),
)
