"""A connection that died unnoticed while nobody spoke."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="half_open_between_turns",
    sentence="The connection becomes half-open while nobody speaks; two minutes later the user goes on.",
    chapter="between turns",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(120, faults=(faults.at(phase="idle", at=2).half_open(),)),
        bye(),
    ),
    transports=SOCKET,
)
