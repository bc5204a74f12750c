"""The API sends something new."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="unknown_event",
    sentence="Events that no client knows yet arrive in the middle of the answer.",
    chapter="spoilt events",
    about=("I1",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).unknown_event(),)),
    ),
)
