"""A word said twice."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="event_twice_in_mid_sentence",
    sentence="One piece of text arrives twice, with the same number.",
    chapter="spoilt events",
    about=("I1",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).duplicate(),)),
        Wait(1),
        bye(),
    ),
)
