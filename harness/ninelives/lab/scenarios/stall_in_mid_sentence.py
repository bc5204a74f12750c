"""The server stops talking and says nothing any more."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="stall_in_mid_sentence",
    sentence="The server falls silent after some words and never goes on.",
    chapter="in mid-sentence",
    about=("I4", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).stall(),)),
    ),
    bound=150,
)
