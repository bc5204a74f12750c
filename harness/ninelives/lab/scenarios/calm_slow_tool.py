"""A tool that takes its time."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, look

SCENARIO = Scenario(
    name="calm_slow_tool",
    sentence="A tool takes two seconds, and nothing goes wrong.",
    chapter="nothing goes wrong",
    about=("I3", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), look(), Wait(1), bye()),
)
