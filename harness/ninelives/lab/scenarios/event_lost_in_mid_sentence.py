"""A word that never arrives."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="event_lost_in_mid_sentence",
    sentence="One piece of text is lost on its way; only the numbers show it.",
    chapter="spoilt events",
    about=("I1",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).drop(),)),
    ),
)
