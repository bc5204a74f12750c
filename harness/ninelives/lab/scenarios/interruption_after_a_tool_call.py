"""Barge-in while the bot tells what its tool found."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="interruption_after_a_tool_call",
    sentence="The user cuts in while the bot says what its tool found, and asks something else.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), weather(cut_in=5), Wait(1), bye()),
)
