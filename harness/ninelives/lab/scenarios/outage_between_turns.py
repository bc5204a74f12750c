"""The server is away for ten seconds while nobody speaks."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="outage_between_turns",
    sentence="Connections are refused for ten seconds; the user speaks when it is over.",
    chapter="outages",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(60, faults=(faults.at(phase="idle", at=2).refuse(seconds=10),)),
        bye(),
    ),
    transports=SOCKET,
)
