"""A call announced twice."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="call_event_twice",
    sentence="The event that closes a call arrives twice; the tool must run once.",
    chapter="around a tool call",
    about=("I3",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_item.done", nth=1).duplicate(),)),
    ),
)
