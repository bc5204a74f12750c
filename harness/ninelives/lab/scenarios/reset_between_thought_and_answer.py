"""Thought, and not yet said."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, clothes

SCENARIO = Scenario(
    name="reset_between_thought_and_answer",
    sentence="The connection is reset after the reasoning and before the message.",
    chapter="while the model thinks",
    about=("I4", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    thinks=True,
    acts=between(
        clothes(faults=(faults.at(event="response.output_item.done", nth=1, when="after").reset(),)),
    ),
)
