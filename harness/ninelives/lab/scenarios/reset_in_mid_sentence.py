"""The network drops the connection while the bot is speaking."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_in_mid_sentence",
    sentence="The connection is reset after some words of the answer; the next turn must work.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).reset(),)),
    ),
)
