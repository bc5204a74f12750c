"""Three attempts at one answer."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="flapping_while_speaking",
    sentence="Three attempts running are reset before the first word.",
    chapter="outages",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="response.created", when="after", times=3).reset(),)),
    ),
)
