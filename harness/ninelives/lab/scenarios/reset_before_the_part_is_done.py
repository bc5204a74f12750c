"""The text is whole, its part is not."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_before_the_part_is_done",
    sentence="The connection is reset before the text part is closed.",
    chapter="at the end of an answer",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.content_part.done").reset(),)),
    ),
)
