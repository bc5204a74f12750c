"""A response without a beginning."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="first_event_lost",
    sentence="The event that creates the response never arrives.",
    chapter="spoilt events",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.created").drop(),)),
    ),
)
