"""A connection that does not hold."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="flapping_between_turns",
    sentence="The idle connection is reset again and again, five times; then the user goes on.",
    chapter="outages",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(120, faults=(faults.at(phase="idle", at=1, times=5).reset(),)), bye()),
    transports=SOCKET,
)
