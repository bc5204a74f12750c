"""Cut at the very first word."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_before_the_first_delta",
    sentence="The connection is reset when everything is ready for the first word.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.output_text.delta").reset(),)),
    ),
)
