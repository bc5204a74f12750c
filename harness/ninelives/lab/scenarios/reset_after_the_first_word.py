"""Cut after one word."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_after_the_first_word",
    sentence="The connection is reset right after the first piece of text.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=1, when="after").reset(),)),
    ),
)
