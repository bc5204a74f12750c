"""A thought that fails."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, clothes

SCENARIO = Scenario(
    name="failed_in_mid_thought",
    sentence="The response fails with a server error while the model thinks.",
    chapter="while the model thinks",
    about=("I4", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    thinks=True,
    acts=between(
        clothes(faults=(faults.at(event="response.reasoning_summary_text.delta", nth=3).server_error(),)),
    ),
)
