"""One call of two."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, compare

SCENARIO = Scenario(
    name="parallel_calls_cut_between",
    sentence="The connection is reset when the first of two calls is whole and the second has not begun.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        compare(faults=(faults.at(event="response.output_item.added", nth=2).reset(),)),
    ),
)
