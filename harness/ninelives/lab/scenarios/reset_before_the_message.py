"""Cut before the message begins."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_before_the_message",
    sentence="The connection is reset before the message is added to the response.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.output_item.added").reset(),)),
    ),
)
