"""Two tools at once."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, compare, hello

SCENARIO = Scenario(
    name="calm_parallel_tool_calls",
    sentence="The model calls two tools in one response, and answers from both results.",
    chapter="nothing goes wrong",
    about=("I3", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), compare(), Wait(1), bye()),
)
