"""A blip while reconnecting."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="handshake_refused_once",
    sentence="The idle connection is reset, and the next handshake is answered with 503.",
    chapter="between turns",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(
            30,
            faults=(
                faults.at(phase="idle", at=10).reset(),
                faults.at(phase="handshake").handshake_status(503),
            ),
        ),
        bye(),
    ),
    transports=SOCKET,
)
