"""A slow start is no loss."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="late_first_word",
    sentence="The first word comes four seconds late.",
    chapter="before the first word",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(event="response.output_text.delta", nth=1).delay(4),)),
        Wait(1),
        bye(),
    ),
)
