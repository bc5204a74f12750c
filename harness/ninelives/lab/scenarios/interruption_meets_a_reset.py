"""Cut in, and cut off."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="interruption_meets_a_reset",
    sentence="The connection is reset at the word at which the user cuts in.",
    chapter="interruptions",
    about=("I2", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(cut_in=5, faults=(faults.at(event="response.output_text.delta", nth=5, when="after").reset(),)),
    ),
)
