"""The model breaks down while it speaks."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="failed_in_mid_sentence",
    sentence="The response fails with a server error after some words were spoken.",
    chapter="in mid-sentence",
    about=("I2", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).server_error(),)),
    ),
)
