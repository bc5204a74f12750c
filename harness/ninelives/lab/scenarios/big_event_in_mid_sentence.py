"""A word in five megabytes of blanks."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="big_event_in_mid_sentence",
    sentence="One event in mid-sentence is five megabytes long, and means the same.",
    chapter="spoilt events",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).oversize_frame(),)),
    ),
)
