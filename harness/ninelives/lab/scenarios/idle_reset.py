"""A router forgets the connection."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="idle_reset",
    sentence="The idle connection is reset; half a minute later the user goes on.",
    chapter="between turns",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(60, faults=(faults.at(phase="idle", at=30).reset(),)),
        bye(),
    ),
    transports=SOCKET,
)
