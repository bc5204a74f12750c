"""The server goes away in good manners, but too early."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="fin_in_mid_sentence",
    sentence="The connection is ended with a FIN after some words of the answer.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).fin(),)),
        Wait(1),
        bye(),
    ),
)
