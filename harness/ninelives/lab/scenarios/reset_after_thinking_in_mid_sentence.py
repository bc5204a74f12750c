"""Thought, and half said."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, clothes

SCENARIO = Scenario(
    name="reset_after_thinking_in_mid_sentence",
    sentence="The model has thought and says some words, then the connection is reset.",
    chapter="while the model thinks",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    thinks=True,
    acts=between(
        clothes(faults=(faults.at(event="response.output_text.delta", nth=3).reset(),)),
    ),
)
