"""Half an event, and the end."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="event_cut_in_half",
    sentence="The connection ends in the middle of an event.",
    chapter="in mid-sentence",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).truncate(),)),
    ),
)
