"""The answer was too long."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="incomplete_in_mid_sentence",
    sentence="The response ends as incomplete after some words: max_output_tokens.",
    chapter="what the API may answer",
    about=("I1", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).incomplete(),)),
    ),
)
