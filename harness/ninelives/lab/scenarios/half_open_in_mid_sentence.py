"""The other side is gone and nobody tells."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="half_open_in_mid_sentence",
    sentence="The connection becomes half-open after some words: nothing is read, no ping is answered.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).half_open(),)),
    ),
    bound=150,
)
