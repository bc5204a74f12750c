"""All arguments, and no end of them."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_before_the_arguments_are_done",
    sentence="The connection is reset when all arguments have come and the event that closes them has not.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.function_call_arguments.done").reset(),)),
    ),
)
