"""A whole call in a response that never ended."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_before_the_end_of_a_call",
    sentence="The connection is reset after the call is closed and before its response has ended.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.completed").reset(),)),
    ),
)
