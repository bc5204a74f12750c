"""A call without a word of arguments."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_before_the_arguments",
    sentence="The connection is reset when the call was announced and no argument has come.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.function_call_arguments.delta").reset(),)),
    ),
)
