"""Cut before the call begins."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_before_the_call",
    sentence="The connection is reset before the call is added to the response.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_item.added", nth=1).reset(),)),
    ),
)
