"""The text is whole, its part is not."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="reset_before_the_part_is_done",
    sentence="The connection is reset before the text part is closed.",
    chapter="at the end of an answer",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(event="response.content_part.done").reset(),)),
        Wait(1),
        bye(),
    ),
)
