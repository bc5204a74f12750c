"""One call and a half."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, compare

SCENARIO = Scenario(
    name="parallel_calls_cut_in_the_second",
    sentence="The connection is reset while the arguments of the second of two calls are streaming.",
    chapter="around a tool call",
    about=("I3", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        compare(faults=(faults.at(event="response.function_call_arguments.delta", nth=7).reset(),)),
    ),
)
