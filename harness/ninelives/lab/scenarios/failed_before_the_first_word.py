"""Failed before it spoke."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="failed_before_the_first_word",
    sentence="The response fails with a server error before its first word, once.",
    chapter="what the API may answer",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at(event="response.output_item.added").server_error(),)),
        Wait(1),
        bye(),
    ),
)
