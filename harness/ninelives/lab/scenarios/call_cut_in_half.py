"""The connection dies in the middle of a tool call."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="call_cut_in_half",
    sentence="The connection is reset while the arguments of a tool call are streaming.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.function_call_arguments.delta", nth=3).reset(),)),
    ),
)
