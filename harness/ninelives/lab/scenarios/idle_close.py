"""The server clears away idle connections."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="idle_close",
    sentence="The server closes the idle socket with 1001; half a minute later the user goes on.",
    chapter="between turns",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(60, faults=(faults.at(phase="idle", at=30).close(1001, "going away"),)),
        bye(),
    ),
    transports=SOCKET,
)
