"""The tool has run, the answer has not come."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_before_the_answer_to_a_tool",
    sentence="The connection is reset before the first word of the answer that a tool made possible.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.content_part.added").reset(),)),
    ),
)
