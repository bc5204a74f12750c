"""A flapping network."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_twice_before_the_first_word",
    sentence="The connection is reset before the first word, and so is the next one.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.created", when="after", times=2).reset(),)),
    ),
)
