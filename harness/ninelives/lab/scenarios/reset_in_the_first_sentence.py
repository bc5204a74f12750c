"""The very first answer breaks."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="reset_in_the_first_sentence",
    sentence="The connection is reset in the middle of the first answer of the conversation.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(faults=(faults.at(event="response.output_text.delta", nth=6).reset(),)),
        Wait(1),
        weather(),
        Wait(1),
        bye(),
    ),
)
