"""The rate limit, in mid-sentence."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="rate_limit_in_mid_sentence",
    sentence="The response fails by the rate limit after some words.",
    chapter="what the API may answer",
    about=("I2", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).rate_limit(),)),
    ),
)
