"""A call that is never finished."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="stall_in_mid_call",
    sentence="The arguments of a call stop in the middle and never go on.",
    chapter="around a tool call",
    about=("I3", "I4", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.function_call_arguments.delta", nth=3).stall(),)),
    ),
)
