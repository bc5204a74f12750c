"""A word said twice."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="event_twice_in_mid_sentence",
    sentence="One piece of text arrives twice, with the same number.",
    chapter="spoilt events",
    about=("I1",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).duplicate(),)),
    ),
)
