"""A hole in the arguments."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="call_arguments_event_lost",
    sentence="One piece of a call's arguments never arrives.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.function_call_arguments.delta", nth=2).drop(),)),
    ),
)
