"""No answer at the door."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="handshake_hangs_between_turns",
    sentence="The idle connection is reset, and the next handshake is never answered.",
    chapter="between turns",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(
            60, faults=(faults.at(phase="idle", at=10).reset(), faults.at(phase="handshake").handshake_hang())
        ),
        bye(),
    ),
    transports=SOCKET,
)
