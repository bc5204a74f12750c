"""One event arrives garbled."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="malformed_event_in_mid_sentence",
    sentence="One event in the middle of the answer is not JSON.",
    chapter="spoilt events",
    about=("I1", "I2", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).malformed_json(),)),
    ),
)
