"""An afternoon on the telephone."""

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story, weather

SCENARIO = Scenario(
    name="limits_of_three_hours",
    sentence="The conversation goes on for three hours, past the limit each time.",
    chapter="the 60-minute limit",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(3700), weather(), Wait(3700), story(), Wait(3700), bye()),
    transports=SOCKET,
)
