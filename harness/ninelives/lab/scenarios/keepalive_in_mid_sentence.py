"""A sign of life that nobody documented."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="keepalive_in_mid_sentence",
    sentence="An undocumented keepalive event arrives in mid-sentence.",
    chapter="spoilt events",
    about=("I1",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).keepalive(),)),
    ),
)
