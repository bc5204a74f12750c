"""Closed a moment too early."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="idle_close_as_the_user_speaks",
    sentence="The server closes the idle socket at the moment at which the user speaks.",
    chapter="between turns",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(10, faults=(faults.at(phase="idle", at=10).close(1001, "going away"),)),
        bye(),
    ),
    transports=SOCKET,
)
