"""The tool has run, the answer has not come."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="reset_before_the_answer_to_a_tool",
    sentence="The connection is reset before the first word of the answer that a tool made possible.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.content_part.added").reset(),)),
        Wait(1),
        bye(),
    ),
)
