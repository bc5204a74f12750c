"""The server goes away in good manners, but too early."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="fin_in_mid_sentence",
    sentence="The connection is ended with a FIN after some words of the answer.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).fin(),)),
    ),
)
