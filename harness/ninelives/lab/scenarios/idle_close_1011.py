"""The server gives up while nobody speaks."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="idle_close_1011",
    sentence="The server closes the idle socket with 1011; half a minute later the user goes on.",
    chapter="between turns",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(60, faults=(faults.at(phase="idle", at=30).close(1011, "internal error"),)),
        bye(),
    ),
    transports=SOCKET,
)
