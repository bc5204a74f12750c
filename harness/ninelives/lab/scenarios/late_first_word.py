"""A slow start is no loss."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="late_first_word",
    sentence="The first word comes four seconds late.",
    chapter="before the first word",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.output_text.delta", nth=1).delay(4),)),
    ),
)
