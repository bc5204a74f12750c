"""Failed before it spoke."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="failed_before_the_first_word",
    sentence="The response fails with a server error before its first word, once.",
    chapter="what the API may answer",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.output_item.added").server_error(),)),
    ),
)
