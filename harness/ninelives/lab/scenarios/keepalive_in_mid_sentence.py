"""A sign of life that nobody documented."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="keepalive_in_mid_sentence",
    sentence="An undocumented keepalive event arrives in mid-sentence.",
    chapter="spoilt events",
    about=("I1",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).keepalive(),)),
        Wait(1),
        bye(),
    ),
)
