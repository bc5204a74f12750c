"""A model that begins and does not speak."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="stall_before_the_first_word",
    sentence="The response is created, and then nothing comes.",
    chapter="before the first word",
    about=("I4", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.output_item.added").stall(),)),
    ),
)
