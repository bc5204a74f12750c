"""The user does not wait for the tool."""

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import LOOK, SCRIPT, TOOLS, VIEW, bye, hello

SCENARIO = Scenario(
    name="interruption_while_a_tool_runs",
    sentence="The user cuts in while a tool runs for two seconds.",
    chapter="interruptions",
    about=("I3", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), Say(LOOK, VIEW, cut_in=0, after=1.5), Wait(3), bye()),
)
