"""The user cuts in before anything was answered."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="interruption_before_the_response",
    sentence="The user cuts in while the server has not even begun to answer.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(cut_in=0, after=0.5, faults=(faults.at(event="response.created").delay(1),)),
    ),
)
