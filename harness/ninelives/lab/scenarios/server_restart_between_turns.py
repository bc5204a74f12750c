"""The server is restarted."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="server_restart_between_turns",
    sentence="The server closes with 1012 and is away for three seconds; the user speaks later.",
    chapter="outages",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(
            60,
            faults=(
                faults.at(phase="idle", at=5).close(1012, "service restart"),
                faults.at(phase="handshake").refuse(seconds=3),
            ),
        ),
        bye(),
    ),
    transports=SOCKET,
)
