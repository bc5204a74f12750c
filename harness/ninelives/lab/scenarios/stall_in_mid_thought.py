"""A model lost in thought."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, clothes

SCENARIO = Scenario(
    name="stall_in_mid_thought",
    sentence="The reasoning stops in the middle and never goes on.",
    chapter="while the model thinks",
    about=("I4", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    thinks=True,
    acts=between(
        clothes(faults=(faults.at(event="response.reasoning_summary_text.delta", nth=3).stall(),)),
    ),
)
